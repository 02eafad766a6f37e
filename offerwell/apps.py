"""The one Django app: layers are folders, not apps (docs/adr/0001)."""

from django.apps import AppConfig


class OfferwellConfig(AppConfig):
    """All tables carry the label `offerwell`."""

    name = "offerwell"
    verbose_name = "Offerwell"
    default_auto_field = "django.db.models.BigAutoField"
