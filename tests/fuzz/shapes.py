"""What attacks are made of: texts, numbers and pictures that were trouble somewhere, and others."""

import io

from hypothesis import strategies as st
from PIL import Image

LENGTHS = [0, 1, 2, 100, 150, 151, 254, 255, 256, 1000, 50_000, 400_000]
SIDES = [1, 2, 49, 50, 51, 399, 400, 401, 800, 801, 2000, 9_999, 10_000, 10_001, 20_480, 65_536]
MOST_PIXELS = 13_000_000  # somewhat more than a part takes; a test has to make them
FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "ICO", "PPM"]
MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "JPEG": ["L", "RGB", "CMYK"],
    "WEBP": ["RGB", "RGBA"],
    "GIF": ["L", "P"],
    "TIFF": ["1", "L", "RGB", "CMYK", "LAB", "F", "I"],
}
NAMES = [
    *("picture.png", "picture.jpg", "picture.webp", "picture", ".png", "a/b.png", "..", "con.png"),
    *("x" * 300 + ".png", "é" * 120 + ".jpg", "pictüre.png", "picture.PNG", "picture.png.exe"),
]


def picture(width: int, height: int, kind: str = "PNG", mode: str = "RGB", **options) -> bytes:
    """Return a picture of one colour in a file of this kind."""
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, kind, **options)
    return file.getvalue()


@st.composite
def pictures(draw) -> bytes:
    """Pictures of every shape that a format can have, whole, cut off or with a bit turned."""
    kind = draw(st.sampled_from(FORMATS))
    mode = draw(st.sampled_from(MODES.get(kind, ["RGB"])))
    side = st.sampled_from(SIDES) | st.integers(1, 3000)
    width, height = draw(side), draw(side)
    width, height = min(width, MOST_PIXELS), min(height, max(1, MOST_PIXELS // width))
    limit = {"WEBP": 16383, "JPEG": 65500, "ICO": 256, "GIF": 65535}.get(kind, 10**6)
    width, height = min(width, limit), min(height, limit)
    options = {}
    if kind in {"JPEG", "WEBP", "PNG"} and draw(st.booleans()):
        exif = Image.Exif()
        exif[0x0112] = draw(st.integers(0, 10))  # orientation
        options["exif"] = exif
    if kind in {"GIF", "WEBP", "TIFF"} and width * height < 10**6 and draw(st.booleans()):
        others = [Image.new(mode, (width, height), 1 if mode != "RGBA" else "red")]
        options |= {"save_all": True, "append_images": others}
    whole = picture(width, height, kind, mode, **options)
    what = draw(st.sampled_from(["whole", "whole", "whole", "cut", "turned", "longer"]))
    if what == "cut":
        return whole[: draw(st.integers(0, len(whole)))]
    if what == "turned":
        at = draw(st.integers(0, min(len(whole), 2000) - 1))
        return whole[:at] + bytes([whole[at] ^ draw(st.integers(1, 255))]) + whole[at + 1 :]
    return whole + (b"\0" * draw(st.integers(1, 3_000_000)) if what == "longer" else b"")


def files():
    """What is sent where a file is expected."""
    small = st.builds(picture, st.integers(50, 900), st.integers(50, 900))
    return st.one_of(small, pictures(), st.binary(max_size=2000))


def long_texts():
    """Texts of lengths around every limit there is."""
    letters = st.sampled_from(["a", "é", "\u0301", "ﷺ", "𝒳", "İ", " ", "a ", "a@b.c ", "\t", "Ａ"])
    return st.builds(
        lambda letter, length: (letter * length)[:length], letters, st.sampled_from(LENGTHS)
    )


ODD_TEXTS = [
    *("\x00", "a\x00b", "\u202e", "\ufeff", "\u200b", "🏳️‍🌈", "\r\n", "\x1b[31m", "%00", "null"),
    *("true", "NaN", "-0", "1e400", "٣", "1_000", "0x10", "' OR 1=1 --", "{{7*7}}", "../../x"),
    *("ﷺ" * 150, "e\u0301", "ａｄａ", "İstanbul", "ı", "ß", "ẞ", "\u1e9b\u0323"),
    *("x@bücher.example", "x@BÜCHER.example", "a@[127.0.0.1]", '"a b"@c.example', "a@b", "@"),
    *("x" * 64 + "@" + "y" * 63 + ".example", "a@b@c.example", "a@xn--bcher-kva.example"),
]
TROUBLE = [
    *(
        "a " * 998,
        "a" * 50_001,
        "x" * 50_001 + "@x.example",
        "a.b.c.d.e",
        "~all",
        "\x00",
        "ﷺ" * 150,
    ),
    *("9223372036854775808", "1e400", "1.5", "nan", "-1", "٣", "x@bücher.example"),
]
HALVES = ["\ud800", "\udfff\ud800", "a\udc00b"]  # of characters, which only JSON can write


def texts():
    """Short ones, long ones, and such as software stumbles over."""
    return st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=200), long_texts())


NUMBERS = [
    *("1e400", "-1e400", "1.5", "1.0", "-1", "0", "-0", "1E0", "NaN", "Infinity", "01", "1" * 5000),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" * 400),
    *("true", "null", '"1"', '" 1 "', '"٣"', '"1_0"', "[]", "[1]", "{}", '{"pk": 1}', '"1e400"'),
]


def numbers():
    """Numbers as JSON writes them, and what is no number at all."""
    return st.one_of(st.sampled_from(NUMBERS), st.integers().map(str), st.floats().map(repr))
