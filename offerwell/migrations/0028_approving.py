"""A payout is approved batch by batch. Until it is approved its lines can be taken off again, and never afterwards."""

from django.db import migrations, models

LINES = 'offerwell_statemententry'
STATE = (
    'SELECT r.state FROM offerwell_statement s JOIN offerwell_payoutrun r ON r.id = s.run_id WHERE s.id = OLD.statement_id'
)
# As migration 0021 has them.
FROZEN = {
    'offerwell_payoutrun': 'OLD.state',
    'offerwell_statement': '(SELECT state FROM offerwell_payoutrun WHERE id = OLD.run_id)',
}


def open_guards(_apps, editor):
    """SQLite makes the table of payouts anew for each column: triggers that are on it, or read it, are put back after."""
    if editor.connection.vendor == 'sqlite':
        for table in FROZEN:
            for verb in ('update', 'delete'):
                editor.execute(f'DROP TRIGGER {table}_no_{verb}', params=None)


def close_guards(_apps, editor):
    """Of lines, DELETE is refused but for those of a payout that is being approved, UPDATE always."""
    for statement in _sqlite() if editor.connection.vendor == 'sqlite' else _postgresql():
        editor.execute(statement, params=None)


def _sqlite():
    for table, state in FROZEN.items():
        for verb in ('update', 'delete'):
            yield (
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} WHEN {state} = 'approved' BEGIN"
                f" SELECT RAISE(ABORT, '{table} is frozen'); END"
            )
    yield f'DROP TRIGGER {LINES}_no_delete'
    yield (
        f"CREATE TRIGGER {LINES}_no_delete BEFORE DELETE ON {LINES} WHEN ({STATE}) IS NOT 'approving' BEGIN"
        f" SELECT RAISE(ABORT, '{LINES} is append-only'); END"
    )


def _postgresql():
    yield (
        f"CREATE OR REPLACE FUNCTION {LINES}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF TG_OP = 'UPDATE' OR ({STATE}) IS DISTINCT FROM 'approving' THEN"
        " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END IF; RETURN OLD; END $$"
    )
    yield f'DROP TRIGGER {LINES}_append_only ON {LINES}'
    yield (
        f"CREATE TRIGGER {LINES}_append_only BEFORE UPDATE OR DELETE ON {LINES}"
        f" FOR EACH ROW EXECUTE FUNCTION {LINES}_append_only()"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0027_members'),
    ]

    operations = [
        migrations.RunPython(open_guards, elidable=False),
        migrations.RemoveConstraint(model_name='payoutrun', name='payout_run_one_draft'),
        migrations.AlterField(
            model_name='payoutrun',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('approving', 'Approving'), ('approved', 'Approved'), ('cancelled', 'Cancelled')], default='draft', max_length=9),
        ),
        migrations.AddField(
            model_name='payoutrun', name='digest',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AddField(
            model_name='payoutrun', name='top_entry', field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='payoutrun', name='last_member', field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='payoutrun', name='done_statements',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='payoutrun', name='beat_at', field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='payoutrun', name='problem',
            field=models.CharField(blank=True, db_default='', default='', max_length=200),
        ),
        migrations.AddConstraint(
            model_name='payoutrun',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['draft', 'approving'])), fields=('workspace',), name='payout_run_one_open'),
        ),
        migrations.AddIndex(
            model_name='payoutrun',
            index=models.Index(condition=models.Q(('state', 'approving')), fields=['id'], name='payout_run_due'),
        ),
        migrations.RunPython(close_guards, elidable=False),
    ]
