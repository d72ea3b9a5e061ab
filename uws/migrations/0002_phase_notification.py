"""Every change of a job's phase is told on the channel ``uws_phase``, whoever makes it."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION uws_tell_phase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM pg_notify('uws_phase', OLD.id || ':DELETED');
    ELSIF TG_OP = 'INSERT' OR NEW.phase IS DISTINCT FROM OLD.phase THEN
        PERFORM pg_notify('uws_phase', NEW.id || ':' || NEW.phase);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER uws_tell_phase
    AFTER INSERT OR DELETE OR UPDATE OF phase ON uws_job
    FOR EACH ROW EXECUTE FUNCTION uws_tell_phase();
"""

BACKWARDS = """
DROP TRIGGER uws_tell_phase ON uws_job;
DROP FUNCTION uws_tell_phase();
"""


class Migration(migrations.Migration):
    dependencies = [("uws", "0001_jobs")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
