from django.urls import path

from cinema.views import ClipView

urlpatterns = [path("<int:pk>/", ClipView.as_view(), name="clip")]
