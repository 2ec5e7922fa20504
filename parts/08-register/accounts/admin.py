from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import ValidationError

User = get_user_model()


class UniqueEmailChangeForm(UserChangeForm):
    def clean_email(self):
        email = self.cleaned_data["email"]
        others = User.objects.exclude(pk=self.instance.pk)
        if email and others.filter(email__iexact=email).exists():
            raise ValidationError("A user with that e-mail already exists.")
        return email


admin.site.unregister(User)


@admin.register(User)
class UniqueEmailUserAdmin(UserAdmin):
    form = UniqueEmailChangeForm
