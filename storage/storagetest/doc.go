// Package storagetest gives a test a clean, real store, and nothing to configure. It is for tests only.
//
// Postgres: the first test of a process that asks starts a server of its own (the panel's own code: postgres.StartChild),
// without fsync, on a unix socket in a private directory, with a migrated template database; each test gets a clone of
// it, dropped when the test ends. The server dies with the process however that ends, and a small shell that waits for
// that removes the directory; callers need no TestMain. Making a cluster takes seconds, so one is kept in the temporary
// directory and copied. The server's time zone is half an hour off every other: code that forgets about zones fails.
package storagetest
