package bulk

import "monitoring/panel/rest"

func (s *Service) changeRoutes(rest.Router) {}
