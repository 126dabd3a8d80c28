package xz_test

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	other "github.com/ulikunitz/xz"

	"github.com/oarcluster/oarcluster/internal/debian/xz"
)

// pack packs data with the general module.
func pack(t testing.TB, config other.WriterConfig, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := config.NewWriter(&out)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unpack unpacks data with the Reader under test.
func unpack(data io.Reader) ([]byte, error) {
	r, err := xz.NewReader(data)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// samples are texts of several kinds: what compresses well, badly, and at long
// distances.
func samples() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100<<10)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	words := strings.Fields("the quick brown fox jumps over a lazy dog while packages unpack in parallel")
	var text bytes.Buffer
	for text.Len() < 5<<19 {
		text.WriteString(words[random.IntN(len(words))] + " ")
	}
	far := append(append(bytes.Clone(noise), make([]byte, 1<<20)...), noise...)
	return map[string][]byte{"empty": nil, "byte": {7}, "zeros": make([]byte, 1<<20), "noise": noise,
		"text": text.Bytes(), "far": far}
}

func TestReaderUnpacksWhatOthersPack(t *testing.T) {
	t.Parallel()
	for name, data := range samples() {
		for kind, config := range map[string]other.WriterConfig{
			"default":      {},
			"small window": {DictCap: 1 << 16},
			"blocks":       {BlockSize: 400_000, DictCap: 1 << 16},
			"crc32":        {CheckSum: other.CRC32},
			"sha256":       {CheckSum: other.SHA256},
			"no check":     {NoCheckSum: true},
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				got, err := unpack(bytes.NewReader(pack(t, config, data)))
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%d bytes of %d, equal: %v, error %v", len(got), len(data), bytes.Equal(got, data), err)
				}
			})
		}
	}
}

func TestReaderUnpacksWhatXzPacks(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("the program xz is not installed")
	}
	data := samples()["text"]
	for _, options := range []string{"-0", "-6", "-9e", "-6 -T2 --block-size=500000", "--lzma2=lc=0,lp=2,pb=0", "--lzma2=lc=1,lp=3,pb=4,dict=64KiB"} {
		cmd := exec.Command("xz", append(strings.Fields(options), "-c")...)
		cmd.Stdin = bytes.NewReader(data)
		packed, err := cmd.Output()
		if err != nil {
			t.Fatalf("xz %s: %v", options, err)
		}
		got, err := unpack(iotest.HalfReader(bytes.NewReader(packed)))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("xz %s: %d bytes of %d, error %v", options, len(got), len(data), err)
		}
	}
}

func TestReaderRefusesFiltersAndLargeDictionaries(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("the program xz is not installed")
	}
	for options, want := range map[string]string{
		"--x86 --lzma2":       "filter other than LZMA2",
		"--delta --lzma2":     "filter other than LZMA2",
		"--lzma2=dict=100MiB": "dictionary larger than",
		"--format=lzma":       "not an xz stream",
	} {
		cmd := exec.Command("xz", append(strings.Fields(options), "-c")...)
		cmd.Stdin = strings.NewReader("some text")
		packed, err := cmd.Output()
		if err != nil {
			t.Fatalf("xz %s: %v", options, err)
		}
		if _, err := unpack(bytes.NewReader(packed)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("xz %s: error %v, want %q", options, err, want)
		}
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	t.Parallel()
	packed := pack(t, other.WriterConfig{BlockSize: 1000}, []byte(strings.Repeat("some text to pack. ", 200)))
	for size := range packed {
		if got, err := unpack(bytes.NewReader(packed[:size])); err == nil {
			t.Errorf("the first %d bytes of %d gave %d bytes and no error", size, len(packed), len(got))
		}
	}
	if _, err := unpack(bytes.NewReader(append(packed, 0))); err == nil {
		t.Error("a byte after the stream was accepted")
	}
}

func TestEveryFlippedBitIsAnError(t *testing.T) {
	t.Parallel()
	data := []byte(strings.Repeat("some text to pack. ", 20))
	packed := pack(t, other.WriterConfig{}, data)
	for i := range packed {
		for bit := range 8 {
			broken := bytes.Clone(packed)
			broken[i] ^= 1 << bit
			if got, err := unpack(bytes.NewReader(broken)); err == nil && !bytes.Equal(got, data) {
				t.Errorf("bit %d of byte %d: other bytes and no error", bit, i)
			}
		}
	}
}

// FuzzReader compares with the general module: where both accept, they agree,
// and what it accepts within our limits we accept.
func FuzzReader(f *testing.F) {
	f.Add(pack(f, other.WriterConfig{}, []byte(strings.Repeat("seed ", 100))))
	f.Add(pack(f, other.WriterConfig{NoCheckSum: true, BlockSize: 64}, []byte(strings.Repeat("seed ", 100))))
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 20
		r, err := xz.NewReader(bytes.NewReader(data))
		if err != nil {
			return
		}
		got, err := io.ReadAll(io.LimitReader(r, limit))
		if err != nil || len(got) == limit {
			return
		}
		s, err := other.ReaderConfig{SingleStream: true}.NewReader(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			t.Fatalf("accepted what the other refuses: %v", err)
		}
		want, err := io.ReadAll(io.LimitReader(s, limit))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, the other has %d and error %v", len(got), len(want), err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	data := samples()["text"]
	packed := pack(b, other.WriterConfig{}, data)
	open := map[string]func(io.Reader) (io.Reader, error){
		"ours":    func(r io.Reader) (io.Reader, error) { return xz.NewReader(r) },
		"general": func(r io.Reader) (io.Reader, error) { return other.NewReader(bufio.NewReader(r)) },
	}
	for name, open := range open {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				r, err := open(bytes.NewReader(packed))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestReaderServesAnyReadSize(t *testing.T) {
	t.Parallel()
	data := samples()["text"][:20_000]
	packed := pack(t, other.WriterConfig{BlockSize: 3000}, data)
	for _, size := range []int{1, 7, 4096} {
		r, err := xz.NewReader(iotest.OneByteReader(bytes.NewReader(packed)))
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for buf := make([]byte, size); err == nil; {
			var n int
			n, err = r.Read(buf)
			got = append(got, buf[:n]...)
		}
		if err != io.EOF || !bytes.Equal(got, data) {
			t.Errorf("reads of %d: %d bytes, error %v", size, len(got), err)
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("after the end: %d bytes, error %v", n, err)
		}
	}
}
