from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from pictures.models import PillowPicture
from PIL import Image

MAX_BYTES = 2 * 1024 * 1024
MAX_PIXELS = 12_000_000
# Within these, no rendition gets less than a pixel high, or more than WebP can hold.
MIN_SIDE, MAX_SIDE = 50, 10_000
FORMATS = ["JPEG", "PNG", "WEBP"]


def validate_picture(file):
    """Refuse what is too big, and what the renditions could not be made of."""
    if getattr(file, "_committed", False):
        return  # stored already, and looked at when it came
    if file.size > MAX_BYTES:
        raise ValidationError(f"A picture may have {filesizeformat(MAX_BYTES)} at most.")
    try:
        file.seek(0)
        # Reads the head of the file only. The name proves nothing about the content.
        picture = Image.open(file, formats=FORMATS)
    except Exception as error:
        raise ValidationError(f"A picture is one of {', '.join(FORMATS)}.") from error
    # Before any pixel is decoded: a file of a few kilobytes can hold gigabytes of them.
    if min(picture.size) < MIN_SIDE or max(picture.size) > MAX_SIDE:
        raise ValidationError(f"A side of a picture has {MIN_SIDE} to {MAX_SIDE:,} pixels.")
    if picture.width * picture.height > MAX_PIXELS:
        raise ValidationError(f"A picture may have {MAX_PIXELS:,} pixels at most.")
    try:
        # The first step of every rendition. A damaged file fails here, not after it is stored.
        PillowPicture.pre_process(picture)
    except Exception as error:
        raise ValidationError("This picture is damaged or cannot be converted.") from error
    finally:
        file.seek(0)
