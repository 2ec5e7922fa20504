import unicodedata

from django.db import migrations


def write_in_one_spelling(apps, schema_editor):
    User = apps.get_model("auth", "User")
    for user in User.objects.all():
        user.username = unicodedata.normalize("NFKC", user.username)
        user.email = unicodedata.normalize("NFKC", user.email).lower()
        user.save(update_fields=["username", "email"])


class Migration(migrations.Migration):
    # The accounts that are there already get the spelling in which new ones are stored, and in
    # which they are looked for.

    dependencies = [
        ("accounts", "0001_unique_email"),
    ]

    operations = [
        migrations.RunPython(write_in_one_spelling, migrations.RunPython.noop),
    ]
