package api

// Paths of the agent. All need the panel's client certificate.
const (
	PathExposition  = "/metrics"      // Prometheus text; ?set=host|services, ?window=seconds
	PathHealth      = "/v1/health"    // Health
	PathVersion     = "/v1/version"   // Version
	PathMetrics     = "/v1/metrics"   // Metrics, the document of one moment
	PathProcesses   = "/v1/processes" // Processes, the whole table
	PathEnrolCSR    = "/v1/enrol/csr" // POST: a signing request for a key that stays with the agent
	PathEnrolAccept = "/v1/enrol"     // POST: the certificate for that request
)

// Names inside certificates.
const (
	PanelName   = "panel.monitoring.internal"  // SAN of the panel's client certificate
	AgentSuffix = ".agent.monitoring.internal" // SAN of an agent's server certificate is its id and this
)
