from django.urls import path

from demo.views import TourView, measure

urlpatterns = [
    path("", TourView.as_view(), name="tour"),
    path("measure/", measure, name="measure"),
]
