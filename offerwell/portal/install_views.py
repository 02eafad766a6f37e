"""What a phone needs to keep the portal on its home screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from offerwell.ui.templatetags.offerwell import asset

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# The canvas of assets/css/tokens.css in light, as sRGB: manifests know no light-dark().
_CANVAS = "#f6f7f9"


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  a view
    """The web manifest."""
    icons = [
        {"src": asset(f"portal-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any maskable"}
        for size in (192, 512)
    ]
    body = {
        "name": "Creator Portal", "short_name": "Portal", "id": reverse("portal_home"),
        "start_url": reverse("portal_home"), "scope": reverse("portal_home"), "display": "standalone",
        "background_color": _CANVAS, "theme_color": _CANVAS, "icons": icons,
    }  # fmt: skip
    return JsonResponse(body, content_type="application/manifest+json")
