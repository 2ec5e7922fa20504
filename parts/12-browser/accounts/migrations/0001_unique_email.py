from django.db import migrations


class Migration(migrations.Migration):
    # Django's own user model lets two accounts share an e-mail address. The form's check alone
    # would let two simultaneous registrations through: this index does not. Accounts without
    # an address, such as a superuser's, are left out of it.

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.RunSQL(
            sql=(
                "CREATE UNIQUE INDEX accounts_unique_email "
                "ON auth_user (lower(email)) WHERE email <> ''"
            ),
            reverse_sql="DROP INDEX accounts_unique_email",
        ),
    ]
