import unicodedata

from rest_framework import serializers


def normalize(text):
    """One spelling for what looks the same: NFKC, as Django has it for user names."""
    return unicodedata.normalize("NFKC", text)


class NormalizedMixin:
    """Normalises a text before it is validated, and refuses a long one before it is looked up."""

    def to_internal_value(self, data):
        text = super().to_internal_value(data)
        if len(text) <= self.max_length:
            text = normalize(text)  # which makes some texts longer
        if len(text) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return text


class UsernameField(NormalizedMixin, serializers.CharField):
    pass


class EmailField(NormalizedMixin, serializers.EmailField):
    def to_internal_value(self, data):
        return super().to_internal_value(data).lower()
