// Judge verifies with Go's own sumdb/note and sumdb/tlog what we signed and sealed.
//
// Usage: judge log KEY CHECKPOINT LEAVES, where the last has a record a line, in hex; or judge bundles KEY FILE...
// Says a line for each thing judged: ok, or why not. Exit 2: asked wrongly.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	key := strings.TrimSpace(read(os.Args[2]))
	if os.Args[1] == "log" {
		say(judgeLog(key, read(os.Args[3]), read(os.Args[4])))
		return
	}
	for _, name := range os.Args[3:] {
		say(judgeBundle(key, read(name)))
	}
}

func say(err error) {
	if err == nil {
		fmt.Println("ok")
	} else {
		fmt.Printf("no: %q\n", err.Error())
	}
}

func read(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	return string(text)
}

func judgeLog(key, checkpoint, leaves string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(checkpoint), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return err
	}
	return prove(strings.Fields(leaves), size, root)
}

func prove(leaves []string, size int64, root []byte) error {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(wanted []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(wanted))
		for nth, at := range wanted {
			found[nth] = stored[at]
		}
		return found, nil
	})
	if int64(len(leaves)) != size {
		return fmt.Errorf("%d leaves, but the checkpoint is over %d", len(leaves), size)
	}
	var hashes []tlog.Hash
	for nth, leaf := range leaves {
		record, err := hex.DecodeString(leaf)
		if err != nil {
			return err
		}
		above, err := tlog.StoredHashes(int64(nth), record, reader)
		if err != nil {
			return err
		}
		stored = append(stored, above...)
		hashes = append(hashes, tlog.RecordHash(record))
	}
	tree, err := tlog.TreeHash(size, reader)
	if err != nil {
		return err
	}
	if !bytes.Equal(tree[:], root) {
		return fmt.Errorf("the leaves have another root than the checkpoint")
	}
	for nth, leaf := range hashes {
		proof, err := tlog.ProveRecord(size, int64(nth), reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, size, tree, int64(nth), leaf); err != nil {
			return fmt.Errorf("leaf %d: %w", nth, err)
		}
	}
	return nil
}
