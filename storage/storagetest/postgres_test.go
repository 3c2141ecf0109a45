package storagetest

import (
	"testing"
	"time"

	"monitoring/storage"
)

func TestPostgresIsCleanForEach(t *testing.T) {
	t.Parallel()
	for range 2 {
		t.Run("", func(t *testing.T) {
			start := time.Now()
			store := Postgres(t)
			t.Logf("database in %s", time.Since(start))
			list, err := store.Servers(t.Context())
			if err != nil || len(list) != 0 {
				t.Fatalf("not clean: %v, %v", list, err)
			}
			if _, err := store.CreateServer(t.Context(), storage.Server{Name: "a", URL: "https://203.0.113.7:9100", AgentID: "a"}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
