package mediafile_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/mediafile"
)

func inspect(t testing.TB, content []byte, wish mediafile.Wish) (mediafile.Facts, error) {
	t.Helper()
	return mediafile.New().Inspect(t.Context(), bytes.NewReader(content), int64(len(content)), wish)
}

func TestKinds(t *testing.T) {
	t.Parallel()
	pic := picture(20, 10)
	files := map[string][]byte{
		"jpeg": jpegOf(t, pic), "png": pngOf(t, pic), "gif": gifOf(t, pic), "webp": webpLossy, "mp4": iso("isom"), "m4a": iso("M4A "),
		"3gp": iso("3gp4"), "mov": iso("qt  "), "opus": opus(48_000), "vorbis": vorbis(), "mp3": mpeg, "aac": aac, "amr": amr, "wav": wav,
		"pdf": pdf, "html": html, "svg": svg, "text": plain, "bytes": binaryData, "zip": zipped,
	}
	fits := map[mediafile.Wish][]string{
		{Type: models.MessageImage}:              {"jpeg", "png", "webp"},
		{Type: models.MessageSticker}:            {"webp"},
		{Type: models.MessageVideo}:              {"mp4", "3gp", "mov"},
		{Type: models.MessageAudio}:              {"mp4", "m4a", "opus", "mp3", "aac", "amr", "wav"},
		{Type: models.MessageAudio, Voice: true}: {"opus"},
	}
	for wish, names := range fits {
		for name, content := range files {
			_, err := inspect(t, content, wish)
			what := fmt.Sprintf("%s as %s, voice %v", name, wish.Type, wish.Voice)
			if slices.Contains(names, name) {
				assert.NoError(t, err, what)
				continue
			}
			if assert.Error(t, err, what) {
				assert.Equal(t, fault.Validation, fault.CodeOf(err), what)
				assert.Equal(t, fault.ReasonMediaType, fault.From(err).Reason(), what)
				want := "media"
				if wish.Voice {
					want = "media.voice"
				}
				assert.Equal(t, want, fault.From(err).Details()["field"], what)
			}
		}
	}
	for name, content := range files {
		_, err := inspect(t, content, mediafile.Wish{Type: models.MessageDocument})
		assert.NoError(t, err, "%s as a document", name)
		_, err = inspect(t, nil, mediafile.Wish{Type: models.MessageDocument})
		assert.Equal(t, fault.Validation, fault.CodeOf(err), "an empty file")
	}
	_, err := inspect(t, plain, mediafile.Wish{Type: models.MessageText})
	assert.Equal(t, fault.Internal, fault.CodeOf(err))
	_, err = inspect(t, files["jpeg"], mediafile.Wish{Type: models.MessageDocument, Mimetype: "application/pdf"})
	assert.Equal(t, "media.mimetype", fault.From(err).Details()["field"], "a document may not lie either")

	facts, err := inspect(t, files["mp4"], mediafile.Wish{Type: models.MessageAudio})
	require.NoError(t, err)
	assert.Equal(t, "audio/mp4", facts.Mimetype)
}

func TestPictures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		content       []byte
		width, height int
		small         image.Point
	}{
		"large JPEG":    {jpegOf(t, picture(800, 400)), 800, 400, image.Pt(100, 50)},
		"tall PNG":      {pngOf(t, picture(30, 300)), 30, 300, image.Pt(10, 100)},
		"small PNG":     {pngOf(t, picture(20, 10)), 20, 10, image.Pt(20, 10)},
		"line":          {pngOf(t, picture(5000, 1)), 5000, 1, image.Pt(100, 1)},
		"lossless WebP": {webpLossless, 1, 1, image.Pt(1, 1)},
		"lossy WebP":    {webpLossy, 1, 1, image.Pt(1, 1)},
	} {
		facts, err := inspect(t, test.content, mediafile.Wish{Type: models.MessageImage})
		require.NoError(t, err, name)
		assert.Equal(t, [2]int{test.width, test.height}, [2]int{facts.Width, facts.Height}, name)
		small, err := jpeg.Decode(bytes.NewReader(facts.Thumbnail))
		require.NoError(t, err, name)
		assert.Equal(t, test.small, small.Bounds().Size(), name)
		assert.LessOrEqual(t, len(facts.Thumbnail), 10<<10, name)
	}

	noise := image.NewRGBA(image.Rect(0, 0, 100, 100))
	random := rand.NewChaCha8([32]byte{})
	_, err := random.Read(noise.Pix)
	require.NoError(t, err)
	for i := 3; i < len(noise.Pix); i += 4 {
		noise.Pix[i] = 255
	}
	facts, err := inspect(t, pngOf(t, noise), mediafile.Wish{Type: models.MessageImage})
	require.NoError(t, err)
	assert.NotEmpty(t, facts.Thumbnail)
	assert.LessOrEqual(t, len(facts.Thumbnail), 10<<10, "noise too")

	glass := image.NewNRGBA(image.Rect(0, 0, 50, 50))
	facts, err = inspect(t, pngOf(t, glass), mediafile.Wish{Type: models.MessageImage})
	require.NoError(t, err)
	small, err := jpeg.Decode(bytes.NewReader(facts.Thumbnail))
	require.NoError(t, err)
	assert.Equal(t, color.White.Y, color.Gray16Model.Convert(small.At(25, 25)).(color.Gray16).Y, "what can be seen through is on white")
}

// Cameras store what they see and say how they were held.
func TestOrientation(t *testing.T) {
	t.Parallel()
	stored := jpegOf(t, picture(80, 40)) // red green over blue black
	for orientation, want := range map[uint16]string{
		0: "rg bk", 1: "rg bk", 2: "gr kb", 3: "kb gr", 4: "bk rg", 5: "rb gk", 6: "br kg", 7: "kg br", 8: "gk rb", 9: "rg bk",
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			facts, err := inspect(t, turned(stored, order, orientation), mediafile.Wish{Type: models.MessageImage})
			require.NoError(t, err)
			small, err := jpeg.Decode(bytes.NewReader(facts.Thumbnail))
			require.NoError(t, err)
			w, h := small.Bounds().Dx(), small.Bounds().Dy()
			assert.Equal(t, []int{facts.Width, facts.Height}, []int{w, h}, orientation)
			assert.Equal(t, orientation >= 5 && orientation <= 8, h > w, orientation)
			got := name(small.At(w/4, h/4)) + name(small.At(w*3/4, h/4)) + " " + name(small.At(w/4, h*3/4)) + name(small.At(w*3/4, h*3/4))
			assert.Equal(t, want, got, orientation)
		}
	}
}

func name(c color.Color) string {
	r, g, b, _ := c.RGBA()
	switch {
	case r > 0xc000:
		return "r"
	case g > 0xc000:
		return "g"
	case b > 0xc000:
		return "b"
	}
	return "k"
}

func TestDamagedAndHugePictures(t *testing.T) {
	t.Parallel()
	whole := jpegOf(t, picture(200, 200))
	png := pngOf(t, picture(200, 200))
	huge := bytes.Clone(png)
	binary.BigEndian.PutUint32(huge[16:], 60_000)
	binary.BigEndian.PutUint32(huge[20:], 60_000)
	none := bytes.Clone(png)
	binary.BigEndian.PutUint32(none[16:], 0)
	for name, content := range map[string][]byte{
		"head of a JPEG": whole[:20], "head of a PNG": png[:20], "head of a WebP": webpLossy[:22], "bomb": fixPNG(huge), "nothing": fixPNG(none),
		"huge WebP": webpExtended(16_384, 16_384, true),
	} {
		_, err := inspect(t, content, mediafile.Wish{Type: models.MessageImage})
		require.Error(t, err, name)
		assert.Equal(t, fault.Validation, fault.CodeOf(err), name)
		assert.Equal(t, "media", fault.From(err).Details()["field"], name)
	}
	// It can be shown as far as it goes, as phones do.
	facts, err := inspect(t, whole[:len(whole)/2], mediafile.Wish{Type: models.MessageImage})
	require.NoError(t, err)
	assert.Equal(t, 200, facts.Width)

	// Large, but not too large: nobody unpacks it here.
	large := bytes.Clone(png)
	binary.BigEndian.PutUint32(large[16:], 9_000)
	binary.BigEndian.PutUint32(large[20:], 9_000)
	facts, err = inspect(t, fixPNG(large), mediafile.Wish{Type: models.MessageImage})
	require.NoError(t, err)
	assert.Equal(t, 9_000, facts.Width)
	assert.Empty(t, facts.Thumbnail)
}

func TestStickers(t *testing.T) {
	t.Parallel()
	for _, animated := range []bool{false, true} {
		facts, err := inspect(t, webpExtended(512, 300, animated), mediafile.Wish{Type: models.MessageSticker})
		require.NoError(t, err)
		assert.Equal(t, mediafile.Facts{Mimetype: "image/webp", Width: 512, Height: 300, Animated: animated}, facts)
	}
	facts, err := inspect(t, webpLossless, mediafile.Wish{Type: models.MessageSticker})
	require.NoError(t, err)
	assert.False(t, facts.Animated)
}

func TestVoiceNotes(t *testing.T) {
	t.Parallel()
	length := func(content []byte) time.Duration {
		facts, err := inspect(t, content, mediafile.Wish{Type: models.MessageAudio, Voice: true})
		require.NoError(t, err)
		assert.Equal(t, "audio/ogg; codecs=opus", facts.Mimetype)
		return facts.Length
	}
	for _, want := range []time.Duration{0, 500 * time.Millisecond, time.Second, 90 * time.Second, 23 * time.Hour} {
		assert.Equal(t, want, length(opus(uint64(want/time.Millisecond)*48)))
	}
	whole := opus(96_000)
	assert.Equal(t, 2*time.Second, length(append(bytes.Clone(whole), page(8, 48_000_000, []byte("another stream"))...)))
	assert.Equal(t, 2*time.Second, length(append(bytes.Clone(whole), page(7, ^uint64(0), make([]byte, 60_000))...)), "no packet ends in the last page")
	assert.Equal(t, 2*time.Second, length(append(bytes.Clone(whole), "OggS and more"...)))
	assert.Equal(t, time.Second-preSkip*time.Second/48_000, length(whole[:len(whole)-1]), "a page that is cut off does not count")
	assert.Zero(t, length(opus(1<<60)), "nobody speaks for so long")
}

func TestFilms(t *testing.T) {
	t.Parallel()
	// As a phone that is held upright stores it: lying, with a matrix that turns it.
	const a, b = 0, 0x10000
	for name, test := range map[string]struct {
		boxes [][]byte
		want  mediafile.Facts
	}{
		"head first": {[][]byte{box("moov", mvhd(0, 600, 7500), box("trak", tkhd(0, 0, 0, 0)), box("trak", tkhd(0x10000, 0, 1280, 720))), box("mdat", make([]byte, 5000))},
			mediafile.Facts{Length: 12500 * time.Millisecond, Width: 1280, Height: 720}},
		"head last, long times": {[][]byte{box("mdat", make([]byte, 5000)), box("moov", box("trak", tkhd(a, b, 1920, 1080)), mvhd(1, 1000, 3_600_001))},
			mediafile.Facts{Length: time.Hour + time.Millisecond, Width: 1080, Height: 1920}},
		"large data":            {[][]byte{largeBox("mdat", make([]byte, 70_000)), box("moov", mvhd(0, 1, 5))}, mediafile.Facts{Length: 5 * time.Second}},
		"no head":               {[][]byte{box("mdat", make([]byte, 100))}, mediafile.Facts{}},
		"head that is cut off":  {[][]byte{box("moov", mvhd(0, 1, 5))[:20]}, mediafile.Facts{}},
		"no units":              {[][]byte{box("moov", mvhd(0, 0, 5))}, mediafile.Facts{}},
		"not known":             {[][]byte{box("moov", mvhd(0, 1, 1<<32-1))}, mediafile.Facts{}},
		"absurd":                {[][]byte{box("moov", mvhd(1, 1, 1<<63))}, mediafile.Facts{}},
		"box larger than file":  {[][]byte{[]byte("\x7f\xff\xff\xffmoov")}, mediafile.Facts{}},
		"box larger than all":   {[][]byte{[]byte("\x00\x00\x00\x01mdat\x7f\xff\xff\xff\xff\xff\xff\xff")}, mediafile.Facts{}},
		"box of negative size":  {[][]byte{[]byte("\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff")}, mediafile.Facts{}},
		"box smaller than head": {[][]byte{[]byte("\x00\x00\x00\x04mdat"), box("moov", mvhd(0, 1, 5))}, mediafile.Facts{}},
	} {
		content := box("ftyp", []byte("isom\x00\x00\x02\x00isommp42"))
		for _, b := range test.boxes {
			content = append(content, b...)
		}
		facts, err := inspect(t, content, mediafile.Wish{Type: models.MessageVideo})
		require.NoError(t, err, name)
		test.want.Mimetype = "video/mp4"
		assert.Equal(t, test.want, facts, name)
	}
}

func TestInspectPassesOnErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk broken")
	_, err := mediafile.New().Inspect(t.Context(), brokenFile{broken}, 100, mediafile.Wish{Type: models.MessageDocument})
	require.ErrorIs(t, err, broken)
	assert.Equal(t, fault.Internal, fault.CodeOf(err))

	ctx, cancel := context.WithCancel(t.Context())
	inspector, content := mediafile.New(), append(jpegOf(t, picture(10, 10)), make([]byte, 100<<10)...)
	held, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := inspector.Inspect(context.Background(), &slowFile{Reader: bytes.NewReader(content), held: held, release: release}, int64(len(content)), mediafile.Wish{Type: models.MessageImage})
		done <- err
	}()
	<-held
	cancel()
	_, err = inspector.Inspect(ctx, bytes.NewReader(content), int64(len(content)), mediafile.Wish{Type: models.MessageImage})
	require.ErrorIs(t, err, context.Canceled)
	close(release)
	require.NoError(t, <-done)
}

type brokenFile struct{ err error }

func (f brokenFile) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// slowFile stops when it is read for unpacking.
type slowFile struct {
	*bytes.Reader

	once          sync.Once
	held, release chan struct{}
}

func (f *slowFile) ReadAt(p []byte, at int64) (int, error) {
	if len(p) == 64<<10 {
		f.once.Do(func() {
			close(f.held)
			<-f.release
		})
	}
	return f.Reader.ReadAt(p, at)
}

func FuzzInspect(f *testing.F) {
	pic := picture(20, 10)
	for _, seed := range [][]byte{
		jpegOf(f, pic), turned(jpegOf(f, pic), binary.BigEndian, 6), pngOf(f, pic), webpLossless, webpLossy, webpExtended(10, 10, true), append(iso("isom"), box("moov", mvhd(0, 1, 5), box("trak", tkhd(1, 0, 5, 5)))...), opus(48_000), vorbis(), iso("isom"),
		mpegTagged, wav, html, plain, binaryData,
	} {
		for _, kind := range []string{"image", "sticker", "audio", "video"} {
			f.Add(seed, kind, "")
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, kind, declared string) {
		wish := mediafile.Wish{Type: models.MessageType(kind), Voice: kind == "audio", Mimetype: declared}
		facts, err := inspect(t, content, wish)
		if err != nil {
			assert.Equal(t, mediafile.Facts{}, facts)
			return
		}
		require.NotEmpty(t, facts.Mimetype)
		require.LessOrEqual(t, len(facts.Thumbnail), 10<<10)
		require.LessOrEqual(t, facts.Width*facts.Height, mediafile.MaxPixels)
		require.GreaterOrEqual(t, facts.Length, time.Duration(0))
		require.LessOrEqual(t, facts.Length, 24*time.Hour)
	})
}

var _ io.ReaderAt = brokenFile{}
