from pathlib import Path

from django.core.files import File
from django.core.management.base import BaseCommand
from django.utils.text import slugify

from reviews.models import Image, Product

PICTURES = Path(__file__).resolve().parents[2] / "fixtures" / "pictures"


class Command(BaseCommand):
    help = "Give the demo products their pictures: moka-pot.png goes to the product “Moka pot”."

    def handle(self, **options):
        added = 0
        for product in Product.objects.filter(image=None):
            path = PICTURES / f"{slugify(product.name)}.png"
            if path.exists():
                with path.open("rb") as file:
                    product.image.create(name=product.name, image=File(file, name=path.name))
                added += 1
        self.stdout.write(f"{added} pictures added, {Image.objects.count()} in all.")
