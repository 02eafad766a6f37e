"""Payouts: statements that never change once they are approved, and the payments made for them."""

import django.db.models.deletion
from django.db import migrations, models


APPROVED_ONLY = {
    # Table → the state of the payout that an old row belongs to.
    'offerwell_payoutrun': 'OLD.state',
    'offerwell_statement': '(SELECT state FROM offerwell_payoutrun WHERE id = OLD.run_id)',
}
ALWAYS = ('offerwell_statemententry', 'offerwell_payment')


def guard(_apps, editor):
    """Approved payouts and their statements refuse UPDATE and DELETE; lines and payments are only added."""
    if editor.connection.vendor == 'sqlite':
        for statement in _sqlite():
            editor.execute(statement, params=None)
    else:
        for statement in _postgresql():
            editor.execute(statement, params=None)


def _sqlite():
    for table, state in APPROVED_ONLY.items():
        for verb in ('update', 'delete'):
            yield (
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} WHEN {state} = 'approved' BEGIN"
                f" SELECT RAISE(ABORT, '{table} is frozen'); END"
            )
    for table in ALWAYS:
        for verb in ('update', 'delete'):
            yield (
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} BEGIN"
                f" SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _postgresql():
    for table, state in APPROVED_ONLY.items():
        yield (
            f"CREATE OR REPLACE FUNCTION {table}_frozen() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN IF {state} = 'approved' THEN RAISE EXCEPTION '% is frozen', TG_TABLE_NAME; END IF;"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
        )
        yield (
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_frozen()"
        )
    for table in ALWAYS:
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION offerwell_append_only()"
        )


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0020_orders'),
    ]

    operations = [
        migrations.CreateModel(
            name='PayoutAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.CharField(max_length=320)),
                ('at', models.DateTimeField()),
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='payout_address', to='offerwell.member')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PayoutRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_day', models.DateField()),
                ('until', models.DateTimeField()),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('approved', 'Approved'), ('cancelled', 'Cancelled')], default='draft', max_length=9)),
                ('minimums', models.JSONField(default=dict)),
                ('drawn_at', models.DateTimeField()),
                ('drawn_by', models.CharField(max_length=160)),
                ('drawn_by_id', models.BigIntegerField(blank=True, null=True)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('approved_by', models.CharField(blank=True, max_length=160)),
                ('approved_by_id', models.BigIntegerField(blank=True, null=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='PayoutTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('statements', models.PositiveIntegerField()),
                ('payable', models.PositiveIntegerField()),
                ('pays', models.BigIntegerField()),
                ('carries', models.BigIntegerField()),
                ('paid_count', models.PositiveIntegerField(default=0)),
                ('paid', models.BigIntegerField(default=0)),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='totals', to='offerwell.payoutrun')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('opening', models.BigIntegerField()),
                ('earned', models.BigIntegerField()),
                ('pays', models.BigIntegerField()),
                ('lines', models.PositiveIntegerField()),
                ('last_entry', models.BigIntegerField()),
                ('hash', models.CharField(blank=True, max_length=64)),
                ('member', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.member')),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='offerwell.payoutrun')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveIntegerField()),
                ('amount', models.BigIntegerField()),
                ('sent_on', models.DateField()),
                ('reference', models.CharField(blank=True, max_length=120)),
                ('by', models.CharField(max_length=160)),
                ('at', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
                ('statement', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='offerwell.statement')),
            ],
        ),
        migrations.CreateModel(
            name='StatementEntry',
            fields=[
                ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='on_statement', serialize=False, to='offerwell.ledgerentry')),
                ('statement', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='offerwell.statement')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PayoutPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('needs_second', models.BooleanField(default=False)),
                ('minimums', models.JSONField(default=dict)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace',), name='payout_policy_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='payoutrun',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'draft')), fields=('workspace',), name='payout_run_one_draft'),
        ),
        migrations.AddConstraint(
            model_name='payouttotal',
            constraint=models.UniqueConstraint(fields=('run', 'currency'), name='payout_total_once'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['run', 'id'], name='statement_by_run'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['workspace', 'member'], name='statement_by_member'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(fields=('run', 'member', 'currency'), name='statement_once'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('pays__gte', 0)), name='statement_pays'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(fields=('statement', 'seq'), name='payment_once'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='payment_moves'),
        ),
        migrations.RunPython(guard, elidable=False),
    ]
