from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.validators import UniqueValidator
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.serializers import (
    PasswordField,
    TokenObtainSerializer,
    TokenRefreshSerializer,
)

from . import sessions
from .fields import EmailField, UsernameField
from .models import Session
from .throttles import Limit
from .tokens import RefreshToken

User = get_user_model()


class UsernameTokenObtainPairSerializer(TokenObtainSerializer):
    token_class = RefreshToken

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # The name in the spelling it was registered in, the password exactly as typed.
        self.fields["username"] = UsernameField(max_length=150, write_only=True)
        self.fields["password"].trim_whitespace = False

    def validate(self, attrs):
        limit = Limit("account", attrs["username"])
        limit.check()
        super().validate(attrs)
        limit.forget()  # the right password: what counts is failures
        return sessions.begin(self.user, self.context["request"], self.token_class)


class SessionTokenRefreshSerializer(TokenRefreshSerializer):
    def validate(self, attrs):
        return sessions.refresh(RefreshToken(attrs["refresh"]))


class ProfileSerializer(serializers.ModelSerializer):
    username = UsernameField(
        max_length=150,
        validators=[
            UnicodeUsernameValidator(),
            UniqueValidator(
                queryset=User.objects.all(),
                message="A user with that username already exists.",
            ),
        ],
    )
    email = EmailField(
        max_length=254,
        validators=[
            UniqueValidator(
                queryset=User.objects.all(),
                lookup="iexact",
                message="A user with that e-mail already exists.",
            )
        ],
    )

    class Meta:
        model = User
        fields = ["pk", "username", "email", "first_name", "last_name"]

    def update(self, instance, validated_data):
        # What was sent, and nothing else: the rest may have changed since it was read. The
        # password, for example.
        User.objects.filter(pk=instance.pk).update(**validated_data)
        return get_object_or_404(User, pk=instance.pk)

    def save(self, **kwargs):
        try:
            with transaction.atomic():
                return super().save(**kwargs)
        except IntegrityError as error:
            # Somebody was quicker, between our check and our save. Now the check sees whom.
            self.run_validation(self.initial_data)
            raise serializers.ValidationError(
                {"non_field_errors": ["This name or e-mail is taken."]}
            ) from error


class NewPasswordMixin(serializers.Serializer):
    # Exactly as typed: a space is a character like any other.
    password = PasswordField(trim_whitespace=False)
    password2 = PasswordField(trim_whitespace=False)

    def check_new_password(self, attrs, user):
        if attrs["password"] != attrs.pop("password2"):
            raise serializers.ValidationError({"password2": "The two passwords differ."})
        try:
            # With the user's own data, so that a name or an e-mail is no password.
            validate_password(attrs["password"], user)
        except DjangoValidationError as error:
            raise serializers.ValidationError({"password": error.messages}) from error


class RegisterSerializer(NewPasswordMixin, ProfileSerializer):
    class Meta(ProfileSerializer.Meta):
        fields = [*ProfileSerializer.Meta.fields, "password", "password2"]

    def validate(self, attrs):
        own_data = {name: value for name, value in attrs.items() if name != "password2"}
        self.check_new_password(attrs, User(**own_data))
        return attrs

    def create(self, validated_data):
        return User.objects.create_user(**validated_data)


class ChangePasswordSerializer(NewPasswordMixin):
    token_class = RefreshToken
    old_password = PasswordField(trim_whitespace=False)
    refresh = serializers.CharField(read_only=True)
    access = serializers.CharField(read_only=True)

    def validate_old_password(self, value):
        if not self.instance.check_password(value):
            raise serializers.ValidationError("The old password is wrong.")
        return value

    def validate(self, attrs):
        self.check_new_password(attrs, self.instance)
        return attrs

    def update(self, instance, validated_data):
        # Only where the password is still the one that was checked: of two changes at the same
        # moment, one wins.
        unchanged = User.objects.filter(pk=instance.pk, password=instance.password)
        instance.password = make_password(validated_data["password"])
        with transaction.atomic():
            if not unchanged.update(password=instance.password):
                raise serializers.ValidationError({"old_password": ["The old password is wrong."]})
            sid = self.context["request"].auth["sid"]
            return sessions.after_new_password(instance, sid, self.token_class)


class LogoutSerializer(serializers.Serializer):
    # Not needed: the access token says which session. Clients of part 10 send it.
    refresh = serializers.CharField(write_only=True, required=False)

    def validate_refresh(self, value):
        try:
            token = RefreshToken(value)
        except TokenError as error:
            raise serializers.ValidationError(str(error)) from error
        if token["sid"] != self.context["request"].auth["sid"]:
            raise serializers.ValidationError("This token belongs to another session.")
        return value


class SessionSerializer(serializers.ModelSerializer):
    current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = [
            "pk",
            "created",
            "last_used",
            "client",
            "ip_address",
            "ended",
            "reason",
            "current",
        ]

    def get_current(self, session):
        return str(session.pk) == self.context["request"].auth["sid"]
