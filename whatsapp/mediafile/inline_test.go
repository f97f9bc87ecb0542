package mediafile_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/fault"
	"wagateway/whatsapp/mediafile"
)

const dataField = "media.data"

func TestDecode(t *testing.T) {
	t.Parallel()
	odd := "\xfb\xff\xfe" // "+//+" and "-__-"
	for data, want := range map[string][2]string{
		"aGVsbG8=":                       {"", "hello"},
		"aGVsbG8":                        {"", "hello"},
		" aGVs\r\n\tbG8=\n":              {"", "hello"},
		"aGVsbG8hIQ==":                   {"", "hello!!"},
		"+//+":                           {"", odd},
		"-__-":                           {"", odd},
		"data:image/png;base64,aGVsbG8=": {"image/png", "hello"},
		"DATA:Image/PNG;BASE64,aGVsbG8":  {"image/png", "hello"},
		"data:audio/ogg;codecs=opus;base64,aGVsbG8=":        {"audio/ogg", "hello"},
		"data:audio/ogg; codecs=\"opus\" ; base64,aGVsbG8=": {"audio/ogg", "hello"},
		"data:image/png;base64,%2B%2f/%2B":                  {"image/png", odd},
		"data:;base64,aGVsbG8%3D":                           {"", "hello"},
		"data:;charset=utf-8,hello":                         {"", "hello"},
		"data:,hello%20world":                               {"", "hello world"},
		"data:text/plain;charset=utf-8,a+b%00%ff,;":         {"text/plain", "a+b\x00\xff,;"},
		"data:image/svg+xml,<svg/>":                         {"image/svg+xml", "<svg/>"},
	} {
		var got bytes.Buffer
		declared, size, err := mediafile.Decode(dataField, data, 100, &got)
		require.NoError(t, err, data)
		assert.Equal(t, want, [2]string{declared, got.String()}, data)
		assert.Equal(t, int64(got.Len()), size, data)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		"", "=", "====", " \n", "data:", "data:,", "data:;base64,", "data:image/png;base64", "data:image/png;base64,", "not base64!", "a", "aGVsbG8==", "aGVsbG8=x",
		"aGVsbA=", "aGVs=", "+_+_", "aGVs\x00bG8=", "aGVs*bG8", "https://example.com/x.png", "äöü", "data:image/png;base64,%4", "data:image/png;base64,%zz", "data:,%", "data:,%f",
		"data:/;base64,aGVs", "data:image png;base64,aGVs",
	} {
		var got bytes.Buffer
		_, _, err := mediafile.Decode(dataField, data, 100, &got)
		require.Error(t, err, data)
		assert.Equal(t, fault.Validation, fault.CodeOf(err), data)
		assert.Equal(t, dataField, fault.From(err).Details()["field"], data)
		assert.Zero(t, got.Len(), "nothing is written of what is wrong somewhere: %q", data)
	}
}

func TestDecodeBoundsTheSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, 3, 40_000} {
		content := strings.Repeat("x", 24_576+size)
		encoded := base64.StdEncoding.EncodeToString([]byte(content))
		for _, data := range []string{encoded, "data:a/b;base64," + encoded, "data:a/b," + content} {
			var got bytes.Buffer
			_, n, err := mediafile.Decode(dataField, data, int64(len(content)), &got)
			require.NoError(t, err)
			assert.Equal(t, int64(len(content)), n)
			assert.Equal(t, content, got.String())
			got.Reset()
			_, _, err = mediafile.Decode(dataField, data, int64(len(content))-1, &got)
			require.Error(t, err)
			assert.Equal(t, fault.ReasonMediaTooLarge, fault.From(err).Reason())
			assert.Zero(t, got.Len())
		}
	}
	full := errors.New("no space left")
	_, _, err := mediafile.Decode(dataField, "aGVsbG8=", 100, failing{full})
	require.ErrorIs(t, err, full)
	assert.Equal(t, fault.Internal, fault.CodeOf(err))
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// It runs alone, because all that is allocated is counted.
func TestDecodeMemory(t *testing.T) {
	data := base64.StdEncoding.EncodeToString(make([]byte, mediafile.MaxInline))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, size, err := mediafile.Decode(dataField, data, mediafile.MaxInline, io.Discard)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Equal(t, int64(mediafile.MaxInline), size)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(512<<10))
}

// FuzzDecode compares with the standard library.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"aGVsbG8=", "-__-", "data:a/b;base64,aGVs", "data:,a%20b", "aGVs bG8", "====", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		var got bytes.Buffer
		_, size, err := mediafile.Decode(dataField, data, 1000, &got)
		if err != nil {
			require.Equal(t, fault.Validation, fault.CodeOf(err))
			require.Zero(t, got.Len())
			if want, err := base64.StdEncoding.DecodeString(data); err == nil && len(want) > 0 && len(want) <= 1000 {
				t.Fatalf("%q is base64", data)
			}
			return
		}
		require.Equal(t, int64(got.Len()), size)
		require.LessOrEqual(t, size, int64(1000))
		if strings.ContainsAny(data, ":%") {
			if rest, ok := strings.CutPrefix(data, "data:,"); ok {
				want, err := url.PathUnescape(rest)
				require.NoError(t, err)
				require.Equal(t, want, got.String())
			}
			return
		}
		plain := strings.NewReplacer("-", "+", "_", "/", "=", "", " ", "", "\t", "", "\r", "", "\n", "").Replace(data)
		want, err := base64.RawStdEncoding.DecodeString(plain)
		require.NoError(t, err)
		require.Equal(t, want, got.Bytes())
	})
}
