// Package deploy holds what ships the product: Dockerfiles, systemd units, the development scripts. It has no code of
// its own; its tests check that the files are what the tools that read them expect.
package deploy
