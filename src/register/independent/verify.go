// Verifies a downloaded register with nothing of Letterbox's: the Go project's own transparency log (golang.org/x/mod/sumdb).
//
//	verify log FOLDER            every tile and every entry, against the signed checkpoint
//	verify case FILE             a case's inclusion proofs
//	verify grown OLD FOLDER      that the log begins with what an older checkpoint signed
//	verify flip FOLDER [STRIDE]  how many of its bytes may change without the log being refused: 0 is right
//
// Build: GO111MODULE=off GOPATH=/usr/share/gocode go build verify.go
package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type files map[string][]byte

// A checkpoint of C2SP tlog-checkpoint: the origin, the size and the root, each on a line.
func openCheckpoint(text []byte, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("the checkpoint is of another log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

// The key as it travels with the log: compare it with one that came another way.
func vkeyIn(of files) string {
	text := string(of["log.vkey"])
	if !strings.HasSuffix(text, "\n") {
		return ""
	}
	return strings.TrimSuffix(text, "\n")
}

// x/mod says tile/8/L/N and tile/8/data/N where C2SP tlog-tiles says tile/L/N and tile/entries/N.
func nameOf(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}

type tileReader files

func (tileReader) Height() int                     { return height }
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		found, ok := r[nameOf(tile)]
		if !ok || len(found) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s is missing or of another length", nameOf(tile))
		}
		data = append(data, found)
	}
	return data, nil
}

// Entries of a bundle: each after its length in two bytes, big-endian.
func entriesIn(bundle []byte) ([][]byte, error) {
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, errors.New("a bundle is cut short")
		}
		end := 2 + int(bundle[0])<<8 + int(bundle[1])
		if end > len(bundle) {
			return nil, errors.New("a bundle is cut short")
		}
		entries = append(entries, bundle[2:end])
		bundle = bundle[end:]
	}
	return entries, nil
}

func verifyLog(of files) (tlog.Tree, error) {
	tree, err := openCheckpoint(of["checkpoint"], vkeyIn(of))
	if err != nil {
		return tree, err
	}
	reader := tlog.TileHashReader(tree, tileReader(of))
	for _, tile := range tilesOf(tree.N) {
		if err := verifyTile(of, tile, reader); err != nil {
			return tree, err
		}
	}
	for n := int64(0); n*256 < tree.N; n++ {
		if err := verifyBundle(of, tree, n, reader); err != nil {
			return tree, err
		}
	}
	return tree, nil
}

// Every tile of a tree, and of the growing ones only the widest.
func tilesOf(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level, hashes := 0, size; hashes > 0; level, hashes = level+1, hashes>>height {
		for n := int64(0); n<<height < hashes; n++ {
			width := hashes - n<<height
			if width > 1<<height {
				width = 1 << height
			}
			tiles = append(tiles, tlog.Tile{H: height, L: level, N: n, W: int(width)})
		}
	}
	return tiles
}

// The reader reads only what the tree's root vouches for; the file must be the same.
func verifyTile(of files, tile tlog.Tile, reader tlog.HashReader) error {
	want, err := tlog.ReadTileData(tile, reader)
	if err != nil {
		return err
	}
	if !bytes.Equal(of[nameOf(tile)], want) {
		return fmt.Errorf("%s is not the tree's", nameOf(tile))
	}
	return nil
}

func verifyBundle(of files, tree tlog.Tree, n int64, reader tlog.HashReader) error {
	width := tree.N - n*256
	if width > 256 {
		width = 256
	}
	name := nameOf(tlog.Tile{H: height, L: -1, N: n, W: int(width)})
	entries, err := entriesIn(of[name])
	if err != nil {
		return err
	}
	if int64(len(entries)) != width {
		return fmt.Errorf("%s holds %d entries, not %d", name, len(entries), width)
	}
	var indexes []int64
	for at := range entries {
		indexes = append(indexes, tlog.StoredHashIndex(0, n*256+int64(at)))
	}
	hashes, err := reader.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for at, entry := range entries {
		if tlog.RecordHash(entry) != hashes[at] {
			return fmt.Errorf("entry %d is not the one in the tree", n*256+int64(at))
		}
	}
	return verifyInclusion(tree, n*256, tlog.RecordHash(entries[0]), reader)
}

func verifyInclusion(tree tlog.Tree, index int64, hash tlog.Hash, reader tlog.HashReader) error {
	proof, err := tlog.ProveRecord(tree.N, index, reader)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, hash)
}

func verifyGrown(old []byte, of files) error {
	tree, err := verifyLog(of)
	if err != nil {
		return err
	}
	before, err := openCheckpoint(old, vkeyIn(of))
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, before.N, tlog.TileHashReader(tree, tileReader(of)))
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash)
}

// A file of C2SP tlog-proofs, each after a line of its own; the entry's text is the extra data.
func verifyCase(text string) (int, error) {
	blocks := strings.Split(text, "=== next entry ===\n")
	header := strings.Split(blocks[0], "\n")
	if len(header) != 4 || header[0] != "letterbox-case-proof 1" || !strings.HasPrefix(header[2], "vkey ") {
		return 0, errors.New("this is not a proof of a case")
	}
	for _, block := range blocks[1:] {
		if err := verifyProof(block, strings.TrimPrefix(header[2], "vkey ")); err != nil {
			return 0, err
		}
	}
	return len(blocks) - 1, nil
}

func verifyProof(block string, vkey string) error {
	end := strings.Index(block, "\n\n")
	if end < 0 {
		return errors.New("a proof is cut short")
	}
	lines := strings.Split(block[:end], "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("this is not a proof of an entry")
	}
	entry, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	tree, err := openCheckpoint([]byte(block[end+2:]), vkey)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

// Whether a file of the download is evidence of the log itself.
func isEvidence(name string) bool {
	return name == "checkpoint" || name == "log.vkey" || strings.HasPrefix(name, "tile/")
}

func flipAll(of files, stride int) (tried int, unnoticed []string) {
	for name, content := range of {
		if !isEvidence(name) {
			continue
		}
		for at := 0; at < len(content); at += stride {
			content[at] ^= 1
			if _, err := verifyLog(of); err == nil {
				unnoticed = append(unnoticed, fmt.Sprintf("%s at %d", name, at))
			}
			content[at] ^= 1
			tried++
		}
	}
	return tried, unnoticed
}

func readFolder(root string) (files, error) {
	of := files{}
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		of[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	return of, err
}

func run(args []string) (string, error) {
	switch {
	case len(args) == 2 && args[0] == "log":
		of, err := readFolder(args[1])
		if err != nil {
			return "", err
		}
		tree, err := verifyLog(of)
		return fmt.Sprintf("%d entries verified", tree.N), err
	case len(args) == 2 && args[0] == "case":
		text, err := os.ReadFile(args[1])
		if err != nil {
			return "", err
		}
		count, err := verifyCase(string(text))
		return fmt.Sprintf("%d proofs verified", count), err
	case len(args) == 3 && args[0] == "grown":
		old, err := os.ReadFile(args[1])
		if err != nil {
			return "", err
		}
		of, err := readFolder(args[2])
		if err != nil {
			return "", err
		}
		return "grown from the older checkpoint", verifyGrown(old, of)
	case len(args) >= 2 && args[0] == "flip":
		stride := 1
		if len(args) > 2 {
			stride, _ = strconv.Atoi(args[2])
		}
		of, err := readFolder(args[1])
		if err != nil {
			return "", err
		}
		tried, unnoticed := flipAll(of, stride)
		return fmt.Sprintf("%d changes tried, %d unnoticed %v", tried, len(unnoticed), unnoticed), nil
	}
	return "", errors.New("verify log FOLDER | case FILE | grown OLD FOLDER | flip FOLDER [STRIDE]")
}

func main() {
	said, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "NOT VERIFIED:", err)
		os.Exit(1)
	}
	fmt.Println(said)
}
