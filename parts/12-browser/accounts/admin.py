from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from django.core.exceptions import ValidationError
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from .fields import normalize
from .models import Session
from .throttles import Limit

User = get_user_model()


class LimitedLoginForm(AdminAuthenticationForm):
    def clean(self):
        client = Limit("login", BaseThrottle().get_ident(self.request))
        # Counted together with the attempts at the API.
        account = Limit("account", self.cleaned_data.get("username", ""))
        try:
            client.check()
            account.check()
        except Throttled as error:
            raise ValidationError(str(error.detail)) from error
        cleaned_data = super().clean()
        account.forget()
        return cleaned_data


class UniqueEmailChangeForm(UserChangeForm):
    def clean_email(self):
        email = normalize(self.cleaned_data["email"]).lower()
        others = User.objects.exclude(pk=self.instance.pk)
        if email and others.filter(email__iexact=email).exists():
            raise ValidationError("A user with that e-mail already exists.")
        return email


class OnlyPasswordChangeForm(AdminPasswordChangeForm):
    def save(self, commit=True):
        user = super().save(commit=False)
        User.objects.filter(pk=user.pk).update(password=user.password)
        user.sessions.end(Session.Reason.PASSWORD_CHANGED)
        return user


admin.site.login_form = LimitedLoginForm
admin.site.unregister(User)


@admin.register(User)
class UniqueEmailUserAdmin(UserAdmin):
    form = UniqueEmailChangeForm
    change_password_form = OnlyPasswordChangeForm

    def save_model(self, request, obj, form, change):
        if not change:
            return super().save_model(request, obj, form, change)
        # What was changed in the form, and nothing else.
        columns = {field.name for field in obj._meta.concrete_fields}
        changes = {name: getattr(obj, name) for name in form.changed_data if name in columns}
        User.objects.filter(pk=obj.pk).update(**changes)


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin):
    list_display = ["user", "client", "ip_address", "created", "last_used", "ended", "reason"]
    list_filter = ["reason", "created"]
    list_select_related = ["user"]
    search_fields = ["user__username", "client", "ip_address"]
    fields = ["user", "client", "ip_address", "created", "last_used", "ended", "reason"]
    actions = ["end"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_end_permission(self, request):
        return request.user.has_perm("accounts.change_session")

    @admin.action(description="End the selected sessions", permissions=["end"])
    def end(self, request, queryset):
        number = queryset.end(Session.Reason.STAFF)
        self.message_user(request, f"{number} sessions have been ended.")
