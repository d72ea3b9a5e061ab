"""Which results of published jobs are kept as products."""

from archive.models import DataProduct
from provenance.models import Activity, WasGeneratedBy


def not_kept(job_type: str) -> set[str]:
    """Results of the public jobs of that type that are no stored products; at least one ran."""
    # a kind of steps may have the same name; no step gives a log
    jobs = Activity.objects.filter(
        name=job_type,
        public=True,
        pk__in=WasGeneratedBy.objects.filter(role="log").values("activity"),
    )
    assert jobs, f"no {job_type} was published"
    made = WasGeneratedBy.objects.filter(activity__in=jobs)
    given = dict(made.values_list("entity__identifier", "role"))
    kept = DataProduct.objects.filter(obs_publisher_did__in=given)
    return set(given.values()) - {given[product.obs_publisher_did] for product in kept}
