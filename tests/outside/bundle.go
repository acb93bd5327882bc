// How a bundle is verified with Go's own libraries, after projections/transparency/FORMAT.md and nothing else of ours.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type link struct {
	Size  int64    `json:"size"`
	Root  []byte   `json:"root"`
	Proof [][]byte `json:"proof"`
}

type header struct {
	Form       string `json:"form"`
	Key        string `json:"key"`
	Checkpoint string `json:"checkpoint"`
	Head       string `json:"head"`
	Earlier    []link `json:"earlier"`

	Successions []string `json:"successions,omitempty"`
}

type event struct {
	Version   int64             `json:"version"`
	Position  int64             `json:"position"`
	Leaf      int64             `json:"leaf"`
	Stream    string            `json:"stream"`
	Name      string            `json:"name"`
	Stored    []byte            `json:"stored"`
	Proof     [][]byte          `json:"proof"`
	FieldKeys map[string][]byte `json:"field_keys"`
}

// tree is what a checkpoint says of the log.
type tree struct {
	size int64
	root tlog.Hash
}

func judgeBundle(key, file string) error {
	lines := strings.SplitAfter(file, "\n")
	if len(file) > 1<<24 || lines[len(lines)-1] != "" {
		return errors.New("too large, or cut off within a line")
	}
	var head header
	if err := parse(lines[0], &head); err != nil {
		return err
	}
	form := "bidao/bundle/1"
	if len(head.Successions) > 0 {
		form = "bidao/bundle/2"
	}
	if head.Form != form || head.Earlier == nil {
		return errors.New("no bundle")
	}
	changes, err := handedOver(key, head.Successions, head.Key)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(head.Key)
	if err != nil {
		return err
	}
	log, err := checkpoint(head.Checkpoint, verifier)
	if err != nil {
		return err
	}
	trees := map[tree]bool{{0, sha256.Sum256(nil)}: true, log: true}
	for _, link := range head.Earlier {
		old, err := continues(link, log)
		if err != nil {
			return err
		}
		trees[old] = true
	}
	for _, change := range changes {
		if !trees[change] {
			return fmt.Errorf("the log does not go on from its %d leaves when the key was changed", change.size)
		}
	}
	return judgeEvents(lines[1:len(lines)-1], head.Head, verifier, log)
}

// handedOver gives the trees at which the key of a log was changed, if one that is trusted is the last, or before it.
func handedOver(trusted string, successions []string, last string) ([]tree, error) {
	changes, used, now := []tree{{}}, map[string]bool{}, ""
	for _, text := range successions {
		lines := strings.Split(text, "\n")
		if len(lines) < 3 || (now != "" && lines[1] != now) {
			return nil, errors.New("a change of keys does not follow")
		}
		change, err := succession(text, lines[1:3])
		if err != nil {
			return nil, err
		}
		used[lines[1]], now = true, lines[2]
		if used[now] || change.size < changes[len(changes)-1].size {
			return nil, errors.New("a change to a key from before, or to an earlier tree")
		}
		changes = append(changes, change)
	}
	if (now != "" && now != last) || !(used[trusted] || trusted == last) {
		return nil, errors.New("not signed by this key, nor by one it was changed to")
	}
	return changes[1:], nil
}

// succession gives the tree of a statement that both keys it names have signed.
func succession(text string, keys []string) (tree, error) {
	var until tree
	for _, key := range keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return tree{}, err
		}
		said, err := signed(text, verifier)
		if err != nil {
			return tree{}, err
		}
		if len(said) != 7 || said[0] != "bidao/succession/1 "+verifier.Name() {
			return tree{}, errors.New("no change of keys of this log")
		}
		if until, err = stated(said[3:]); err != nil {
			return tree{}, err
		}
	}
	return until, nil
}

func judgeEvents(lines []string, statement string, verifier note.Verifier, log tree) error {
	stream, count, err := head(statement, verifier, log.size)
	if err != nil {
		return err
	}
	if int64(len(lines)) != count {
		return fmt.Errorf("%d versions, but the operator says %d", len(lines), count)
	}
	last := event{Leaf: -1, Position: -1}
	for _, line := range lines {
		var now event
		if err := parse(line, &now); err != nil {
			return err
		}
		if now.Stream != stream || now.Version != last.Version+1 || now.Leaf <= last.Leaf || now.Position <= last.Position {
			return fmt.Errorf("version %d does not follow", now.Version)
		}
		if err := now.judge(log); err != nil {
			return fmt.Errorf("version %d: %w", now.Version, err)
		}
		last = now
	}
	return nil
}

// parse reads a line that is written in the one way there is to write it.
func parse(line string, into any) error {
	if len(line) > 1<<20 {
		return errors.New("a line is too long")
	}
	if err := json.Unmarshal([]byte(line), into); err != nil {
		return err
	}
	var again bytes.Buffer
	encoder := json.NewEncoder(&again)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(into); err != nil {
		return err
	}
	if again.String() != line {
		return errors.New("a line is not written as it should be")
	}
	return nil
}

// signed gives the lines of a note, whose signatures are written in the one way there is to write them.
func signed(text string, verifier note.Verifier) ([]string, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return nil, err
	}
	for _, signature := range opened.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(signature.Base64); err != nil {
			return nil, err
		}
	}
	return strings.Split(opened.Text, "\n"), nil
}

func checkpoint(text string, verifier note.Verifier) (tree, error) {
	lines, err := signed(text, verifier)
	if err != nil {
		return tree{}, err
	}
	if len(lines) < 5 || lines[0] != verifier.Name() {
		return tree{}, errors.New("no checkpoint of this log")
	}
	return stated(lines[1:])
}

// stated reads size, root and position, a line each.
func stated(lines []string) (tree, error) {
	if !strings.HasPrefix(lines[2], "position ") {
		return tree{}, errors.New("no position")
	}
	size, err := strconv.ParseInt(lines[0], 10, 64)
	if err != nil {
		return tree{}, err
	}
	root, err := tlog.ParseHash(lines[1])
	return tree{size, root}, err
}

func head(text string, verifier note.Verifier, size int64) (string, int64, error) {
	lines, err := signed(text, verifier)
	if err != nil {
		return "", 0, err
	}
	if len(lines) != 5 || lines[0] != "bidao/head/1 "+verifier.Name() || lines[3] != strconv.FormatInt(size, 10) {
		return "", 0, errors.New("no statement of a head at this size")
	}
	count, err := strconv.ParseInt(lines[2], 10, 64)
	if err == nil && count < 1 {
		err = errors.New("the statement says there is no such case")
	}
	return lines[1], count, err
}

func continues(old link, log tree) (tree, error) {
	root, err := hash(old.Root)
	if err != nil {
		return tree{}, err
	}
	proof, err := hashes(old.Proof)
	if err != nil {
		return tree{}, err
	}
	return tree{old.Size, root}, tlog.CheckTree(tlog.TreeProof(proof), log.size, log.root, old.Size, root)
}

func (now event) judge(log tree) error {
	proof, err := hashes(now.Proof)
	if err != nil {
		return err
	}
	record := fmt.Sprintf("bidao/leaf/1 sha256\n%d\n%s\n%d\n%s\n%x\n",
		now.Position, now.Stream, now.Version, now.Name, sha256.Sum256(now.Stored))
	leaf := tlog.RecordHash([]byte(record))
	if err := tlog.CheckRecord(tlog.RecordProof(proof), log.size, log.root, now.Leaf, leaf); err != nil {
		return err
	}
	var stored struct {
		Event map[string]any `json:"event"`
	}
	if err := json.Unmarshal(now.Stored, &stored); err != nil {
		return err
	}
	if stored.Event["type"] != now.Name || now.FieldKeys == nil {
		return errors.New("no such event")
	}
	fields := map[string]string{}
	collect(stored.Event, "", fields)
	for path, key := range now.FieldKeys {
		text, found := fields[path]
		if !found {
			return fmt.Errorf("nothing is sealed at %s", path)
		}
		if key == nil {
			continue // said to be destroyed
		}
		if err := now.open(path, text, key); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// collect finds what has the form of a sealed field.
func collect(value any, path string, into map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			collect(inner, path+"."+name, into)
		}
	case []any:
		for nth, inner := range value {
			collect(inner, path+"."+strconv.Itoa(nth), into)
		}
	case string:
		if _, _, err := unsealed(value); err == nil {
			into[path[1:]] = value
		}
	}
}

// unsealed takes a sealed field apart: retention class, generation, subject; and commitment, nonce, box in one.
func unsealed(text string) ([]string, []byte, error) {
	parts := strings.Split(text, " ")
	if len(parts) != 5 || parts[0] != "sealed/1" {
		return nil, nil, errors.New("not a sealed field")
	}
	if number, err := strconv.Atoi(parts[2]); err != nil || strconv.Itoa(number) != parts[2] {
		return nil, nil, errors.New("not the number of a key")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[4])
	if err != nil || len(raw) < 32+12+16 {
		return nil, nil, errors.New("not what is sealed")
	}
	return parts[1:4], raw, nil
}

func (now event) open(path, text string, key []byte) error {
	about, raw, err := unsealed(text)
	if err != nil {
		return err
	}
	commitment := sha256.Sum256(append([]byte("bidao/commitment/1\n"), key...))
	if len(key) != 32 || !hmac.Equal(commitment[:], raw[:32]) {
		return errors.New("another key than the one committed to")
	}
	context := fmt.Sprintf("sealed/1\n%s\n%d\n%s\n%s\n%s\n%s\n%s\n",
		now.Stream, now.Version, now.Name, path, about[2], about[0], about[1])
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	words, err := box.Open(nil, raw[32:44], raw[44:], []byte(context))
	if err != nil {
		return err
	}
	if !json.Valid(words) {
		return errors.New("what was sealed is no JSON")
	}
	return nil
}

func hash(raw []byte) (tlog.Hash, error) {
	var found tlog.Hash
	if copy(found[:], raw) != len(raw) || len(raw) != len(found) {
		return found, errors.New("not a hash")
	}
	return found, nil
}

func hashes(raw [][]byte) ([]tlog.Hash, error) {
	if raw == nil {
		return nil, errors.New("no proof")
	}
	found := []tlog.Hash{}
	for _, one := range raw {
		next, err := hash(one)
		if err != nil {
			return nil, err
		}
		found = append(found, next)
	}
	return found, nil
}
