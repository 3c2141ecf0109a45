package collector

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFileSystems(t *testing.T) {
	t.Parallel()
	got, err := newSet(t, fakeHost(machine(t))).FileSystems()
	if err != nil {
		t.Fatal(err)
	}
	want := []FileSystem{ // without pseudo file systems, /boot/efi, snaps, layers of containers, a bind mount, a server that is gone
		{"/dev/sda1", "/", "ext4", mounted["/"]},
		{"/dev/mapper/data", "/srv/my files", "xfs", mounted["/srv/my files"]},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFileSystemsWhereProcessOneIsHidden(t *testing.T) {
	t.Parallel()
	files := machine(t)
	files["proc/mounts"] = files["proc/1/mounts"]
	delete(files, "proc/1/mounts")
	s := newSet(t, fakeHost(files))
	if got, err := s.FileSystems(); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	delete(files, "proc/mounts")
	if _, err := s.FileSystems(); err == nil {
		t.Error("no error without any list of mounts")
	}
}

func TestUnescapeMount(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		if got := unescapeMount([]byte(text)); got != want {
			t.Errorf("unescapeMount(%q) = %q, want %q", text, got, want)
		}
	}
	f("/mnt", "/mnt")
	f(`/my\040disk\011x`, "/my disk\tx")
	f(`/back\134slash`, `/back\slash`)
	f(`/caf\303\251`, "/café")
	f(`/end\04`, `/end\04`)
	f(`/end\`, `/end\`)
	f(`/no\999`, `/no\999`)
	f(`/bad\377`, "/bad?")
}
