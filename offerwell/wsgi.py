"""The web door as a WSGI application (granian; ADR 0005)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "offerwell.settings")
application = get_wsgi_application()
