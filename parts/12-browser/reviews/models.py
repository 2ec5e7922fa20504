from io import BytesIO
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.validators import FileExtensionValidator, MinValueValidator
from django.db import models
from pictures.models import PictureField
from PIL import Image as PillowImage
from PIL import ImageOps

from .validators import validate_picture


class Company(models.Model):
    name = models.CharField(max_length=255)
    url = models.URLField()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "companies"

    def __str__(self):
        return self.name


class ProductSize(models.Model):
    name = models.CharField(max_length=255)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.name


class Category(models.Model):
    name = models.CharField(max_length=255)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "categories"

    def __str__(self):
        return self.name


def picture_path(image, filename):
    # A name of our own: renditions are stored under it, so no two pictures may share one.
    return f"images/{uuid4()}{Path(filename).suffix.lower()}"


def without_metadata(file):
    """The same picture, without what a camera adds: the place, the time, the owner's name."""
    picture = PillowImage.open(file)
    kept = {name: picture.info.get(name) for name in ("icc_profile", "transparency")}
    upright = ImageOps.exif_transpose(picture)
    upright.info = {name: value for name, value in kept.items() if value is not None}
    content = BytesIO()
    upright.save(content, picture.format, quality=90, **upright.info)
    return File(content, name=file.name)


class Image(models.Model):
    name = models.CharField(max_length=255)
    image = PictureField(
        upload_to=picture_path,
        # Kept in the database, so that a list of images opens no file.
        width_field="width",
        height_field="height",
        validators=[
            FileExtensionValidator(["jpg", "jpeg", "png", "webp"]),
            validate_picture,
        ],
    )
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.name

    def save(self, *args, update_fields=None, **kwargs):
        if not self.image._committed:  # a new file, not stored yet
            self.image = without_metadata(self.image)
        if update_fields is not None and "image" in update_fields:
            update_fields = {*update_fields, "width", "height"}
        super().save(*args, update_fields=update_fields, **kwargs)


class Product(models.Model):
    name = models.CharField(max_length=255, db_index=True)
    content = models.TextField(blank=True)
    category = models.ManyToManyField(Category, related_name="products")
    image = models.ManyToManyField(Image, related_name="products", blank=True)
    # What a list can be ordered by has an index: else the database sorts all rows for a page.
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    updated = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        # pk decides between two of the same moment: pages must not overlap.
        ordering = ["-created", "-pk"]

    def __str__(self):
        return self.name


class ProductSite(models.Model):
    """An offer: a product, in one size, at one company's price."""

    name = models.CharField(max_length=255)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="sites")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="sites")
    productsize = models.ForeignKey(ProductSize, on_delete=models.CASCADE, related_name="sites")
    price = models.DecimalField(max_digits=9, decimal_places=2, validators=[MinValueValidator(0)])
    url = models.URLField()
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["price", "pk"]

    def __str__(self):
        return self.name


class Comment(models.Model):
    title = models.CharField(max_length=255)
    content = models.TextField()
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="comments")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comments"
    )
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self):
        return self.title
