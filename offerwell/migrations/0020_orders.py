"""Orders, whose they are, and the commission ledger, which nobody can rewrite."""

import django.db.models.deletion
from django.db import migrations, models


TABLE = 'offerwell_ledgerentry'


def guard(_apps, editor):
    """Refuse UPDATE and DELETE of ledger entries; PostgreSQL has the function since 0002."""
    if editor.connection.vendor == 'sqlite':
        for verb in ('update', 'delete'):
            editor.execute(
                f"CREATE TRIGGER {TABLE}_no_{verb} BEFORE {verb} ON {TABLE} BEGIN"
                f" SELECT RAISE(ABORT, '{TABLE} is append-only'); END",
                params=None,
            )
    else:
        editor.execute(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}"
            " FOR EACH STATEMENT EXECUTE FUNCTION offerwell_append_only()",
            params=None,
        )


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0019_clicks'),
    ]

    operations = [
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(max_length=80)),
                ('name', models.CharField(blank=True, max_length=60)),
                ('placed_at', models.DateTimeField()),
                ('version', models.BigIntegerField()),
                ('read_at', models.DateTimeField()),
                ('currency', models.CharField(max_length=3)),
                ('net', models.BigIntegerField()),
                ('refunded', models.BigIntegerField(default=0)),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('is_test', models.BooleanField(default=False)),
                ('is_returning', models.BooleanField(blank=True, null=True)),
                ('codes', models.JSONField(default=list)),
                ('click_ids', models.JSONField(default=list)),
                ('buyer_member_id', models.BigIntegerField(blank=True, null=True)),
                ('first', models.CharField(default='code', max_length=4)),
                ('window_days', models.PositiveSmallIntegerField(default=28)),
                ('decided_by', models.CharField(default='none', max_length=8)),
                ('candidates', models.JSONField(default=list)),
                ('taken_at', models.DateTimeField()),
                ('store', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.store')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveIntegerField()),
                ('account', models.CharField(choices=[('member', 'Member'), ('brand', 'Brand')], max_length=6)),
                ('member_id', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('amount', models.BigIntegerField()),
                ('version', models.BigIntegerField()),
                ('cause', models.CharField(max_length=12)),
                ('at', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='offerwell.order')),
            ],
        ),
        migrations.CreateModel(
            name='Conversion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('way', models.CharField(max_length=8)),
                ('status', models.CharField(choices=[('accepted', 'Accepted'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], max_length=10)),
                ('rejected_reason', models.CharField(blank=True, max_length=200)),
                ('judged_at', models.DateTimeField(blank=True, null=True)),
                ('judged_by', models.CharField(blank=True, max_length=160)),
                ('placed_at', models.DateTimeField()),
                ('currency', models.CharField(max_length=3)),
                ('sales', models.BigIntegerField()),
                ('enrollment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.enrollment')),
                ('member', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.member')),
                ('offer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.offer')),
                ('payout_option', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.payoutoption')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='conversion', to='offerwell.order')),
            ],
        ),
        migrations.CreateModel(
            name='OrderHint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(max_length=80)),
                ('heard', models.PositiveIntegerField(default=1)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('note', models.TextField(blank=True)),
                ('store', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='offerwell.store')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='OrderLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('ref', models.CharField(max_length=80)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('product_ref', models.CharField(blank=True, max_length=80)),
                ('quantity', models.PositiveIntegerField()),
                ('kept', models.PositiveIntegerField()),
                ('net', models.BigIntegerField()),
                ('refunded', models.BigIntegerField(default=0)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='offerwell.order')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='OrderPull',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('backfill_from', models.DateTimeField(blank=True, null=True)),
                ('reading_from', models.DateTimeField(blank=True, null=True)),
                ('cursor', models.TextField(blank=True)),
                ('began_at', models.DateTimeField(blank=True, null=True)),
                ('read_until', models.DateTimeField(blank=True, null=True)),
                ('orders', models.PositiveIntegerField(default=0)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('problem', models.TextField(blank=True)),
                ('store', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='offerwell.store')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AttributionRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.CharField(default='code', max_length=4)),
                ('window_days', models.PositiveSmallIntegerField(default=28)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace',), name='attribution_rules_once')],
            },
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['workspace', 'placed_at', 'id'], name='order_by_time'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(fields=('store', 'ref'), name='order_once'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('refunded__gte', 0), ('refunded__lte', models.F('net'))), name='order_money'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['workspace', 'member_id', 'at'], name='ledger_by_member'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('order', 'seq', 'account'), name='ledger_entry_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='ledger_entry_moves'),
        ),
        migrations.AddIndex(
            model_name='conversion',
            index=models.Index(fields=['workspace', 'member', 'placed_at'], name='conversion_by_member'),
        ),
        migrations.AddIndex(
            model_name='conversion',
            index=models.Index(fields=['workspace', 'offer', 'placed_at'], name='conversion_by_offer'),
        ),
        migrations.AddIndex(
            model_name='orderhint',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='order_hint_due'),
        ),
        migrations.AddConstraint(
            model_name='orderhint',
            constraint=models.UniqueConstraint(fields=('store', 'ref'), name='order_hint_once'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['workspace', 'name'], name='order_by_name'),
        ),
        migrations.AddIndex(
            model_name='conversion',
            index=models.Index(fields=['workspace', 'status', 'placed_at'], name='conversion_by_status'),
        ),
        migrations.RunPython(guard, elidable=False),
    ]
