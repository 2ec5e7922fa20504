"""Part 5: images, their upload and their renditions."""

import io
import struct
import zlib
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile

from tutorial.checking.promises import (
    PART,
    count_queries,
    expect,
    just_before,
    make_product,
    model,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend(
        "reviews/views.py", 'Is ImageViewSet there, and registered at "image" in medium/urls.py?'
    ),
]


def picture(size=(900, 600), kind="PNG", **options):
    """A real picture, as the bytes of a file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", size, "tomato").save(buffer, kind, **options)
    return buffer.getvalue()


def upload(client, content, name="kite.png", kind="image/png", **data):
    file = SimpleUploadedFile(name, content, kind)
    return client.post("/image/", {"name": "Kite", "image": file} | data)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/serializers.py", "Which `fields` does ImageSerializer show?")
def test_a_member_uploads_a_picture(member, media):
    """POST /image/ stores a picture; the response has its URL and size."""
    got = expect(upload(member, picture()), 201)
    assert got["name"] == "Kite", f"“name” should be Kite: {got}"
    assert (got["width"], got["height"]) == (900, 600), f"“width” and “height” are wrong: {got}"
    assert got["image"].startswith("http://localhost/media/"), f"“image” should be a URL: {got}"
    assert got["renditions"], f"“renditions” should hold URLs: {got}"
    assert files(media), "the file should be stored in MEDIA_ROOT"


@pytest.mark.parametrize(
    ("name", "kind"), [("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.webp", "WEBP")]
)
def test_other_kinds_of_picture_are_taken(member, name, kind):
    """JPEG and WebP are taken as PNG is."""
    expect(upload(member, picture(kind=kind), name, f"image/{kind.lower()}"), 201)


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def blank_png(width, height):
    """A PNG of one colour that is small as a file, however many pixels it claims."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (1 + (width + 7) // 8) * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def heavy_png():
    """A sound picture of few pixels and more than two megabytes."""
    return picture((100, 100)) + b"\0" * 2 * 1024 * 1024


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
# Sides that no rendition, or no memory, is made for.
SHAPES = [
    *[(801, 2), (401, 1), (2000, 2), (4000, 3), (500, 20480), (1, 1), (20, 20)],
    *[(1, 12_000_000), (12_000_000, 1), (16_384, 732), (732, 16_384)],
]
REFUSED = {
    "too many bytes": lambda: ("big.png", heavy_png()),
    "too many pixels": lambda: ("large.png", blank_png(5000, 5000)),
    "a decompression bomb": lambda: ("bomb.png", blank_png(14000, 14000)),
    "an SVG": lambda: ("drawing.svg", SVG),
    "an SVG named .png": lambda: ("drawing.png", SVG),
    "a text file named .png": lambda: ("letter.png", b"Dear reader,\n"),
    "an empty file": lambda: ("empty.png", b""),
    "a GIF": lambda: ("dance.gif", picture(kind="GIF")),
    "a TIFF named .png": lambda: ("scan.png", picture(kind="TIFF")),
    "a picture named .html": lambda: ("page.html", picture()),
    "a picture named .pdf": lambda: ("letter.pdf", picture()),
    "a picture without an ending": lambda: ("picture", picture()),
    "half a picture": lambda: ("half.jpg", picture((900, 600), "JPEG")[:1500]),
    "half a PNG": lambda: ("half.png", picture()[:-700]),
    "a broken colour profile": lambda: ("odd.png", picture(icc_profile=b"nonsense")),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/validators.py", "Does the image field use these validators?")
def test_only_pictures_are_taken(member, media, what):
    """An upload that is not a picture, or too big, is 400 and leaves no file behind."""
    name, content = REFUSED[what]()
    got = expect(upload(member, content, name), 400)
    assert "image" in got, f"the answer should say what is wrong with “image”: {got}"
    assert not files(media), f"{what} should leave no file, left {files(media)}"


@pytest.mark.hardening
@pytest.mark.parametrize("size", SHAPES, ids=lambda size: "{} by {}".format(*size))
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/validators.py", "Are a picture's sides limited, before it is decoded?")
def test_a_shape_without_renditions_is_refused(member, admin_client, media, monkeypatch, size):
    """A picture that no rendition can be made of is 400, undecoded, and leaves no file."""
    from PIL import ImageFile

    load, decoded = ImageFile.ImageFile.load, []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda it: decoded.append(it) or load(it))
    content = blank_png(*size)
    got = expect(upload(member, content), 400)
    assert "image" in got, f"the answer should say what is wrong with “image”: {got}"
    admin_client.raise_request_exception = False
    data = {"name": "Kite", "image": SimpleUploadedFile("kite.png", content)}
    answer = admin_client.post("/admin/reviews/image/add/", data)
    expect(answer, 200)  # the form again, with the error
    assert answer.context["errors"], "the admin should refuse what the API refuses"
    assert not files(media), f"the upload should leave no file, left {files(media)}"
    assert not decoded, "it was decoded, although the head of the file says its size"


# Along the limits, whatever they are: narrow and wide, at and about the renditions' widths.
NARROW = [
    (width, side) if wide else (side, width)
    for width in (399, 400, 401, 800, 801, 10_000)
    for side in (24, 25, 49, 50, 51, 400)
    for wide in (True, False)
]


@pytest.mark.hardening
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend(
    "reviews/validators.py", "Do the limits fit the renditions that PICTURES asks for?"
)
def test_a_shape_that_is_taken_has_its_renditions(member, media):
    """A picture of any shape is stored with all its renditions, or is 400 and leaves no file."""
    from PIL import Image

    taken = 0
    for size in NARROW:
        before = files(media)
        got = expect(upload(member, blank_png(*size)), 201, 400)
        if "pk" not in got:
            assert files(media) == before, f"{size} was refused, and left {files(media)}"
            continue
        taken += 1
        for width, url in got["renditions"].items():
            path = media / urlsplit(url).path.removeprefix("/media/")
            assert path.is_file(), f"{size} should have a rendition of {width}: {url}"
            with Image.open(path) as rendition:
                rendition.load()
                assert rendition.width <= int(width), f"{size} gave {rendition.size} for {width}"
        path = media / urlsplit(got["image"]).path.removeprefix("/media/")
        assert path.is_file(), f"{size} should be stored: {got}"
    assert taken > len(NARROW) / 4, f"of {len(NARROW)} ordinary shapes only {taken} were taken"


def with_metadata(kind):
    """A picture on its side, as a phone writes it: with the place, and a remark."""
    from PIL import ExifTags, Image, PngImagePlugin

    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn it by 90 degrees
    exif[ExifTags.Base.Artist] = "Somebody"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    more = {"xmp": b"<x:xmpmeta>Somebody</x:xmpmeta>"}
    if kind == "PNG":
        more = {"pnginfo": PngImagePlugin.PngInfo()}
        more["pnginfo"].add_text("Author", "Somebody")
    if kind == "JPEG":
        more["comment"] = b"Somebody"
    return picture((900, 600), kind, exif=exif, **more)


@pytest.mark.hardening
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/models.py", "Is a new picture stored without its metadata?")
def test_the_place_of_a_picture_is_not_published(member, media, kind):
    """No file of an upload says where it was taken or by whom, and all stand upright."""
    from PIL import Image

    content = with_metadata(kind)
    assert b"Somebody" in content
    got = expect(upload(member, content, f"a.{kind.lower()}"), 201)
    assert (got["width"], got["height"]) == (600, 900), f"the picture should stand upright: {got}"
    assert len(files(media)) > 1, f"the original and its renditions should be stored: {got}"
    for path in files(media):
        assert b"Somebody" not in path.read_bytes(), f"{path.name} names its author"
        with Image.open(path) as stored:
            assert not dict(stored.getexif()), f"{path.name} says {dict(stored.getexif())}"
            assert stored.width < stored.height, f"{path.name} lies on its side"


PIXELS = [
    *[("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
    *[("JPEG", mode) for mode in ("L", "RGB", "CMYK")],
    *[("WEBP", mode) for mode in ("RGB", "RGBA")],
    ("MPO", "RGB"),
]
WIDE = (900, 90)  # as wide as all renditions take, and no more pixels than that


@pytest.mark.hardening
@pytest.mark.parametrize(("kind", "mode"), PIXELS, ids=lambda it: it)
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/models.py", "Can every picture that is taken be stored again?")
def test_every_kind_of_pixel_is_taken(member, media, kind, mode):
    """Grey, with a palette, transparent, for print or of a camera with two lenses: all are 201."""
    from PIL import Image, ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"transparency": 3} if mode == "P" else {}
    if kind == "MPO":  # what phones write under the name of JPEG
        options = {"save_all": True, "append_images": [Image.new("RGB", WIDE)]}
    if mode in ("RGB", "RGBA"):
        options["icc_profile"] = profile
    buffer = io.BytesIO()
    Image.new(mode, WIDE).save(buffer, kind, **options)
    name = "a.jpg" if kind == "MPO" else f"a.{kind.lower()}"
    got = expect(upload(member, buffer.getvalue(), name), 201)
    assert (got["width"], sorted(got["renditions"])) == (WIDE[0], ["400", "800"]), got
    with Image.open(media / urlsplit(got["image"]).path.removeprefix("/media/")) as stored:
        stored.load()
        expected = "JPEG" if kind == "MPO" else kind
        assert (stored.format, stored.size) == (expected, WIDE), f"stored as {stored}"
        if mode in ("RGB", "RGBA"):
            assert stored.info.get("icc_profile"), "the colours should keep their meaning"
        if mode == "P":
            assert "transparency" in stored.info, "what is transparent should stay so"


@pytest.mark.parametrize("missing", ["name", "image"])
def test_a_field_is_missing(member, media, missing):
    """Without a name or without a file, POST /image/ is 400 and says which."""
    data = {"name": "Kite", "image": SimpleUploadedFile("kite.png", picture())}
    del data[missing]
    got = expect(member.post("/image/", data), 400)
    assert missing in got, f"the answer should name “{missing}”: {got}"


@pytest.mark.mend("reviews/parsers.py", "Is the parser in DEFAULT_PARSER_CLASSES?")
@pytest.mark.parametrize(
    "body",
    [
        *["", "{", "[]", "null", '"x"', '{"name": []}', "[" * 100_000],
        *[r'{"name": "\ud800"}', '{"name": [1e400]}', '{"name": NaN}', r'{"\udfff": 1}'],
    ],
    ids=lambda body: body[:20],
)
def test_a_rubbish_upload_is_refused(member, body):
    """A JSON body that makes no sense is 400, never 500, as JSON and as a page."""
    for kind in ["application/json", "text/html"]:
        answer = member.post("/image/", body, content_type="application/json", HTTP_ACCEPT=kind)
        expect(answer, 400)


# "%": the charset. The name has letters that no charset but its own can read.
FORM = b"--b\r\nContent-Disposition: form-data; name=name\r\n\r\nB\xc3\xbccher.-\xff\r\n--b--\r\n"
UNREADABLE = {
    "multipart/form-data; boundary=b; charset=%": FORM,
    "application/x-www-form-urlencoded; charset=%": b"name=B%C3%BCcher&x=\xff",
    "application/json; charset=%": b'{"name": "B\xc3\xbccher"}',
}


@pytest.mark.hardening
@pytest.mark.mend("medium/middleware.py", "Is it in MIDDLEWARE, and refuses all but UTF-8?")
@pytest.mark.parametrize("kind", UNREADABLE, ids=lambda kind: kind.partition(";")[0])
@pytest.mark.parametrize("charset", ["idna", "punycode", "hex", "utf-16", "utf-7", "nonsense"])
def test_a_charset_nobody_reads_is_refused(member, kind, charset):
    """A body in another charset than UTF-8 is 400 or 415, in the API and in the admin."""
    content_type = kind.replace("%", charset)
    for path in ["/image/", "/admin/login/"]:
        answer = member.generic("POST", path, UNREADABLE[kind], content_type)
        if path == "/admin/login/" and "json" in kind:
            continue  # no form, so the admin does not read it
        expect(answer, 400, 415)


@pytest.mark.hardening
@pytest.mark.mend("medium/middleware.py", "Does it let UTF-8 through, however it is spelt?")
@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_utf_8_is_read(member, charset):
    """A body that says it is UTF-8 is read."""
    kind = f"application/json; charset={charset}"
    got = expect(member.generic("POST", "/image/", '{"name": "Bücher"}', kind), 400)
    assert list(got) == ["image"], f"only “image” should be missing: {got}"


@pytest.mark.hardening
@pytest.mark.mend("reviews/parsers.py", "Is it REST framework's MultiPartParser that reads forms?")
@pytest.mark.parametrize(
    "kind",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=b b"],
)
def test_a_form_without_boundaries_is_refused(member, kind):
    """A form that cannot be taken apart is 400."""
    expect(member.generic("POST", "/image/", FORM, kind), 400)


@pytest.mark.hardening
@pytest.mark.mend("medium/middleware.py", "Is the query string read where Django answers for it?")
def test_parameters_have_a_number(member, settings):
    """A URL with more than a thousand parameters is 400."""
    settings.DEBUG = True  # as on a learner's machine, where REST framework reports errors itself
    query = "&".join(f"p{i}=1" for i in range(1001))
    for path in [PART.products, "/image/"]:
        for kind in ["application/json", "text/html"]:
            expect(member.get(f"{path}?{query}", HTTP_ACCEPT=kind), 400)


@pytest.mark.hardening
@pytest.mark.mend(
    "reviews/views.py", "Is what is wrong in ?expand= refused before a page is drawn?"
)
@pytest.mark.parametrize(
    "query", ["expand=a.b.c.d.e", "expand=a.a", "fields=a.b.c.d.e", "omit=a.b.c.d.e"]
)
def test_nonsense_is_refused_on_a_page_with_a_form(member, query):
    """A path that is too deep is 400 in a browser too, where the page has a form."""
    make_product(images=1)
    for path in ["/image/", f"/image/{model('Image').objects.get().pk}/", PART.products]:
        for kind in ["application/json", "text/html"]:
            answer = member.get(f"{path}?{query}", HTTP_ACCEPT=kind)
            expect(answer, 400)
            assert kind in answer["Content-Type"], f"{path} should be {kind}: {answer.headers}"


@pytest.mark.hardening
@pytest.mark.mend("reviews/views.py", "Does a page that is in order keep its form?")
def test_a_browser_gets_a_form(member):
    """The browsable API shows a form to upload with, and shows it again after a mistake."""
    answer = member.get("/image/?fields=name", HTTP_ACCEPT="text/html")
    expect(answer, 200)
    assert b'name="image"' in answer.content, "the page should have a form"
    answer = member.post("/image/", {"name": "Kite"}, HTTP_ACCEPT="text/html")
    expect(answer, 400)
    assert b'name="image"' in answer.content, "the page should have a form again"


@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/models.py", "Does `upload_to` give every picture a name of its own?")
def test_pictures_of_one_name_keep_apart(member, media):
    """Two uploads of the same name share no file, and no rendition."""
    first = expect(upload(member, picture(), "kite.png"), 201)
    second = expect(upload(member, picture(kind="JPEG"), "kite.jpg"), 201)
    for got in (first, second):
        got["all"] = {got["image"], *got["renditions"].values()}
    shared = first["all"] & second["all"]
    assert not shared, f"two pictures should share no file, they share {shared}"


@pytest.mark.until(7)
@pytest.mark.mend("reviews/views.py", "Is IsAuthenticatedOrReadOnly the permission class?")
def test_anyone_may_look(client):
    """Reading images needs no login."""
    make_product(images=1)
    expect(client.get("/image/"), 200)
    expect(client.get(f"/image/{model('Image').objects.get().pk}/"), 200)


@pytest.mark.mend("reviews/views.py", "Is `permission_classes` set on ImageViewSet?")
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_stranger_may_not_write(client, method, media):
    """Without a login nobody uploads, replaces or deletes an image."""
    make_product(images=1)
    images = model("Image").objects
    path = "/image/" if method == "post" else f"/image/{images.get().pk}/"
    answer = getattr(client, method)(path, {"name": "Mine"}, content_type="application/json")
    expect(answer, 401, 403)
    assert images.get().name == "Image 0", "the image should be as it was"


@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("medium/settings.py", 'Is "django_cleanup" in INSTALLED_APPS?')
def test_files_go_with_their_image(editor, media):
    """A replaced or deleted image leaves no file and no rendition behind."""
    pk = expect(upload(editor, picture()), 201)["pk"]
    before = files(media)
    data = {"name": "Kite", "image": SimpleUploadedFile("new.png", picture((800, 400)))}
    expect(put(editor, f"/image/{pk}/", data), 200)
    got = expect(editor.get(f"/image/{pk}/"), 200)
    assert (got["width"], got["height"]) == (800, 400), f"the new picture's size is wrong: {got}"
    left = set(before) & set(files(media))
    assert not left, f"the replaced picture left {left}"
    expect(editor.delete(f"/image/{pk}/"), 204)
    assert not files(media), f"the deleted picture left {files(media)}"


@pytest.mark.hardening
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/serializers.py", "Does `update` save the sent fields and no others?")
def test_a_new_name_brings_no_old_picture_back(editor, media):
    """An image that is renamed while its picture is replaced keeps the new picture."""
    pk = expect(upload(editor, picture()), 201)["pk"]

    def replace():
        file = SimpleUploadedFile("new.png", picture((800, 400)))
        expect(put(editor, f"/image/{pk}/", {"name": "Kite", "image": file}), 200)

    table = model("Image")._meta.db_table
    with just_before(f'UPDATE "{table}"', replace):
        answer = editor.patch(f"/image/{pk}/", {"name": "Comet"}, content_type="application/json")
        expect(answer, 200)
    got = expect(editor.get(f"/image/{pk}/"), 200)
    assert (got["name"], got["width"]) == ("Comet", 800), f"one of two changes is lost: {got}"
    path = media / urlsplit(got["image"]).path.removeprefix("/media/")
    assert path in files(media), f"the image should show a file that is there: {got}"


def put(client, path, data):
    """PUT a form with a file, which Django's client has no short way for."""
    from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

    return client.put(path, encode_multipart(BOUNDARY, data), content_type=MULTIPART_CONTENT)


@pytest.mark.mend("reviews/models.py", "Has the field `width_field` and `height_field`?")
def test_a_list_opens_no_file(member, media, monkeypatch):
    """Listing images, or products with theirs, reads nothing from the disk."""
    from django.core.files.storage import FileSystemStorage

    expect(upload(member, picture()), 201)
    make_product().image.add(model("Image").objects.get())

    def refuse(self, name, mode="rb"):
        raise AssertionError(f"the list opens {name}")

    monkeypatch.setattr(FileSystemStorage, "open", refuse)
    assert expect(member.get("/image/"), 200)["count"] == 1
    assert expect(member.get(f"{PART.products}?expand=image"), 200)["count"] == 1


def test_a_missing_file_breaks_no_list(editor, media):
    """A picture that is gone from the disk is still listed, and can be renamed and deleted."""
    pk = expect(upload(editor, picture()), 201)["pk"]
    for path in files(media):
        path.unlink()
    expect(editor.get("/image/"), 200)
    expect(editor.get(f"/image/{pk}/"), 200)
    expect(editor.patch(f"/image/{pk}/", {"name": "Gone"}, content_type="application/json"), 200)
    expect(editor.delete(f"/image/{pk}/"), 204)


@pytest.mark.mend("reviews/validators.py", "Is a picture looked at again that is stored already?")
def test_a_missing_file_breaks_no_form(admin_client):
    """A picture that is gone from the disk can be renamed in the admin."""
    admin_client.raise_request_exception = False
    make_product(images=1)
    pk = model("Image").objects.get().pk
    path = f"/admin/reviews/image/{pk}/change/"
    expect(admin_client.get(path), 200)
    expect(admin_client.post(path, {"name": "Gone"}), 302)
    assert model("Image").objects.get().name == "Gone", "the new name should be stored"


@pytest.mark.mend("reviews/serializers.py", 'Is "image" expandable, and in `permit_list_expands`?')
def test_products_show_their_images(client):
    """?expand=image nests a product's images with their URLs."""
    product = make_product(images=1)
    for path in [PART.products, f"{PART.products}{product.pk}/"]:
        got = expect(client.get(f"{path}?expand=image"), 200)
        image = got.get("results", [got])[0]["image"][0]
        assert image["image"].startswith("http://"), f"“image” should be a URL: {image}"
        assert image["renditions"], f"“renditions” should hold URLs: {image}"


@pytest.mark.mend("reviews/views.py", 'Is "image" in `permit_list_expands`?')
def test_images_take_no_more_queries(client, member):
    """Images take as many queries for 6 products as for 2, and for 12 images as for 2."""
    paths = [
        f"{PART.products}?expand=image",
        f"{PART.products}?expand=image,category,sites.company,comments.user",
    ]
    paths.append("/image/")
    for _ in range(2):
        make_product(images=1, offers=1, comments=1, categories=1)
    few = [count_queries(member, path) for path in paths]
    for _ in range(4):
        make_product(images=2, offers=2, comments=2, categories=2)
    many = [count_queries(member, path) for path in paths]
    assert many == few, f"{paths} took {few} queries for 2 products, {many} for 6"


def test_images_come_in_pages(member):
    """GET /image/ is paginated, the newest first."""
    make_product(images=12)
    got = expect(member.get("/image/"), 200)
    assert (got["count"], len(got["results"])) == (12, 10), "12 images should be two pages"
    assert got["results"][0]["name"] == "Image 11", "the newest image should come first"


@pytest.mark.mend("reviews/admin.py", "Is Image registered, with search_fields?")
def test_images_are_in_the_admin(admin_client):
    """Images are listed, searched and added in the admin; products choose theirs by search."""
    admin_client.raise_request_exception = False
    make_product(images=2)
    expect(admin_client.get("/admin/reviews/image/add/"), 200)
    answer = admin_client.get("/admin/reviews/image/?q=Image+1")
    expect(answer, 200)
    assert answer.context["cl"].result_count == 1, "searching for “Image 1” should find one"
    expect(
        admin_client.get(f"/admin/reviews/product/{model('Product').objects.get().pk}/change/"), 200
    )


@pytest.mark.mend("reviews/models.py", "Are the validators on the model field?")
def test_the_admin_takes_pictures_only(admin_client, media):
    """The admin refuses what the API refuses."""
    admin_client.raise_request_exception = False
    for name, content in [("large.png", blank_png(5000, 5000)), ("page.html", picture())]:
        data = {"name": "Kite", "image": SimpleUploadedFile(name, content)}
        answer = admin_client.post("/admin/reviews/image/add/", data)
        expect(answer, 200)  # the form again, with the error
        assert answer.context["errors"], f"the admin should refuse {name}"
    assert not files(media), "a refused file should not be stored"


@pytest.mark.mend("medium/urls.py", "Is `static(settings.MEDIA_URL, …)` added to urlpatterns?")
def test_files_are_served_in_development(running):
    """On a running server the picture and each of its renditions are served with 200, as images."""
    session = requests.Session()
    session.headers["Authorization"] = authorization(running.url)
    files = {"image": ("kite.png", picture(), "image/png")}
    answer = session.post(f"{running.url}/image/", data={"name": "Kite"}, files=files, timeout=30)
    assert answer.status_code == 201, f"POST /image/ should be 201, got {answer.status_code}"
    got = answer.json()
    for address in [got["image"], *got["renditions"].values()]:
        answer = requests.get(address, timeout=30)
        expect(answer, 200)
        kind = answer.headers["Content-Type"]
        assert kind.startswith("image/"), f"{address} should be an image, got {kind}"
    assert session.delete(f"{running.url}/image/{got['pk']}/", timeout=30).status_code == 204


def authorization(url):
    """The header of the admin: by name and password, or by token where there are tokens."""
    from tutorial.running.server import PASSWORD

    if not PART.has_tokens:
        return "Basic " + b64encode(f"admin:{PASSWORD}".encode()).decode()
    data = {"username": "admin", "password": PASSWORD}
    answer = requests.post(url + PART.login, json=data, timeout=30)
    return f"Bearer {expect(answer, 200)['access']}"
