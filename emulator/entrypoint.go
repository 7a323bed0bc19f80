package emulator

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// entrypoint is what the first bytes of an archive's bootstrap tell.
type entrypoint struct {
	kind         entrypointKind
	architecture types.Architecture // of an ELF; "" for a machine that Lambda does not have
	executable   bool               // the file's mode
}

type entrypointKind int

const (
	entrypointMissing entrypointKind = iota
	entrypointELF                    // for Linux
	entrypointScript                 // begins with #!
	entrypointUnknown
)

// platform is what a host can run.
type platform struct {
	system       string             // as GOOS
	architecture types.Architecture // "" for one that Lambda does not have
}

func hostPlatform() platform {
	p := platform{system: runtime.GOOS}
	switch runtime.GOARCH {
	case "amd64":
		p.architecture = types.ArchitectureX8664
	case "arm64":
		p.architecture = types.ArchitectureArm64
	}
	return p
}

func (p platform) String() string { return p.system + "/" + string(p.architecture) }

func inspectEntrypoint(path string) (entrypoint, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return entrypoint{kind: entrypointMissing}, nil
	}
	if err != nil {
		return entrypoint{}, err
	}
	defer file.Close() //nolint:errcheck // read only
	info, err := file.Stat()
	if err != nil {
		return entrypoint{}, err
	}
	if info.IsDir() {
		return entrypoint{kind: entrypointMissing}, nil
	}
	header := make([]byte, 20)
	n, err := io.ReadFull(file, header)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return entrypoint{}, err
	}
	e := readHeader(header[:n])
	// Windows keeps no such bit.
	e.executable = info.Mode().Perm()&0o111 != 0 || runtime.GOOS == "windows"
	return e, nil
}

// readHeader tells an executable by its first 20 bytes.
// https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
func readHeader(header []byte) entrypoint {
	if len(header) >= 2 && header[0] == '#' && header[1] == '!' {
		return entrypoint{kind: entrypointScript}
	}
	if len(header) < 20 || string(header[:4]) != "\x7fELF" {
		return entrypoint{kind: entrypointUnknown}
	}
	const (
		class64      = 2
		littleEndian = 1
		systemV      = 0
		gnu          = 3
		machineX8664 = 62
		machineARM64 = 183
	)
	e := entrypoint{kind: entrypointELF}
	if header[4] != class64 || header[5] != littleEndian || header[7] != systemV && header[7] != gnu {
		return e
	}
	switch binary.LittleEndian.Uint16(header[18:]) {
	case machineX8664:
		e.architecture = types.ArchitectureX8664
	case machineARM64:
		e.architecture = types.ArchitectureArm64
	}
	return e
}

// startError is why Lambda cannot start a bootstrap on an architecture; nil
// when it can.
func (e entrypoint) startError(architecture types.Architecture) error {
	switch {
	case e.kind == entrypointMissing:
		return errors.New("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]") //nolint:staticcheck // Lambda's words
	case !e.executable:
		return errors.New("fork/exec /var/task/bootstrap: permission denied")
	case e.kind == entrypointUnknown, e.kind == entrypointELF && e.architecture != architecture:
		return errors.New("fork/exec /var/task/bootstrap: exec format error")
	}
	return nil
}

// runsOn tells whether a host can run what Lambda can.
func (e entrypoint) runsOn(host platform) error {
	switch {
	case e.kind == entrypointScript && host.system != "windows":
		return nil
	case e.kind == entrypointELF && host.system == "linux" && host.architecture == e.architecture:
		return nil
	case e.kind == entrypointScript:
		return fmt.Errorf("the archive's bootstrap is a script and this host is %s", host)
	}
	return fmt.Errorf("the archive is built for linux/%s and this host is %s", e.architecture, host)
}
