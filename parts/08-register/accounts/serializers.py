from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from rest_framework import serializers
from rest_framework.validators import UniqueValidator
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.serializers import (
    PasswordField,
    TokenObtainPairSerializer,
    TokenRefreshSerializer,
)

from .fields import EmailField, UsernameField
from .throttles import Limit

User = get_user_model()


class UsernameTokenObtainPairSerializer(TokenObtainPairSerializer):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # The name in the spelling it was registered in, the password exactly as typed.
        self.fields["username"] = UsernameField(max_length=150, write_only=True)
        self.fields["password"].trim_whitespace = False

    def validate(self, attrs):
        limit = Limit("account", attrs["username"])
        limit.check()
        pair = super().validate(attrs)
        limit.forget()  # the right password: what counts is failures
        return pair

    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["username"] = user.get_username()
        return token


class ActiveUserTokenRefreshSerializer(TokenRefreshSerializer):
    def validate(self, attrs):
        # Asks what the API asks: is the user still there, and active? Simple JWT 5.5 by
        # itself does not expect a deleted one, and would answer 500.
        user = JWTAuthentication().get_user(self.token_class(attrs["refresh"]))
        Limit("refresh", user.pk).check()
        return super().validate(attrs)


class RegisterSerializer(serializers.ModelSerializer):
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
    # Exactly as typed: a space is a character like any other.
    password = PasswordField(trim_whitespace=False)
    password2 = PasswordField(trim_whitespace=False)

    class Meta:
        model = User
        fields = ["pk", "username", "email", "first_name", "last_name", "password", "password2"]

    def validate(self, attrs):
        if attrs["password"] != attrs.pop("password2"):
            raise serializers.ValidationError({"password2": "The two passwords differ."})
        password = attrs["password"]
        try:
            # With the user's own data, so that a name or an e-mail is no password.
            validate_password(password, User(**attrs))
        except DjangoValidationError as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return attrs

    def create(self, validated_data):
        try:
            with transaction.atomic():
                return User.objects.create_user(**validated_data)
        except IntegrityError as error:
            # Somebody was quicker, between our check and our insert. Now the check sees whom.
            self.run_validation(self.initial_data)
            raise serializers.ValidationError(
                {"non_field_errors": ["This name or e-mail is taken."]}
            ) from error
