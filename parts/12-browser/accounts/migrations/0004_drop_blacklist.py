from django.db import migrations


class Migration(migrations.Migration):
    # The tables of the blacklist hold whole refresh tokens, and as long as they are there, a user
    # in them cannot be deleted. Without their entry in Django's own table, `migrate` creates
    # them again for anyone who goes back.

    dependencies = [
        ("accounts", "0003_session"),
    ]

    operations = [
        migrations.RunSQL(
            sql=[
                "DROP TABLE IF EXISTS token_blacklist_blacklistedtoken",
                "DROP TABLE IF EXISTS token_blacklist_outstandingtoken",
                "DELETE FROM django_migrations WHERE app = 'token_blacklist'",
            ],
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
