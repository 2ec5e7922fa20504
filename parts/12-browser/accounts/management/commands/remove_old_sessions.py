from uuid import UUID

from django.core.management.base import BaseCommand

from accounts.models import Session

BATCH = 500


class Command(BaseCommand):
    help = "Remove sessions that ended, or were last used, longer ago than a refresh token lives."

    def handle(self, **options):
        outdated = Session.objects.outdated().order_by("pk").values_list("pk", flat=True)
        removed, last = 0, UUID(int=0)
        # In batches, so that a login or a refresh waits for one of them at most.
        while batch := list(outdated.filter(pk__gt=last)[:BATCH]):
            removed += Session.objects.filter(pk__in=batch).delete()[0]
            last = batch[-1]
            if removed % 100_000 < BATCH:
                self.stdout.write(f"{removed:,} removed so far", ending="\r")
        self.stdout.write(f"{removed:,} sessions removed.")
