"""Rollups that reports read, the reporting currency and its dated rates."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0022_sources'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExchangeRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('into', models.CharField(max_length=3)),
                ('day', models.DateField()),
                ('rate', models.DecimalField(decimal_places=10, max_digits=20)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'into', 'currency', 'day'), name='exchange_rate_once'), models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='exchange_rate_above_zero')],
            },
        ),
        migrations.CreateModel(
            name='MemberSalesDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('orders', models.BigIntegerField(default=0)),
                ('sales', models.BigIntegerField(default=0)),
                ('commission', models.BigIntegerField(default=0)),
                ('member', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.member')),
                ('offer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.offer')),
                ('store', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.store')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['workspace', 'day'], name='member_sales_by_day'), models.Index(fields=['offer', 'day', 'member'], name='member_sales_by_offer')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'member', 'day', 'offer', 'store', 'currency'), name='member_sales_day_once')],
            },
        ),
        migrations.CreateModel(
            name='OfferClickDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('clicks', models.BigIntegerField(default=0)),
                ('uniques', models.BigIntegerField(default=0)),
                ('repeats', models.BigIntegerField(default=0)),
                ('bots', models.BigIntegerField(default=0)),
                ('rescued', models.BigIntegerField(default=0)),
                ('offer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.offer')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['offer', 'day'], name='offer_clicks_by_offer')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'day', 'offer'), name='offer_click_day_once')],
            },
        ),
        migrations.CreateModel(
            name='OfferSalesDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('orders', models.BigIntegerField(default=0)),
                ('sales', models.BigIntegerField(default=0)),
                ('commission', models.BigIntegerField(default=0)),
                ('offer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.offer')),
                ('store', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.store')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['offer', 'day'], name='offer_sales_by_offer'), models.Index(fields=['workspace', 'currency', 'commission'], name='offer_sales_commission')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'day', 'offer', 'store', 'currency'), name='offer_sales_day_once')],
            },
        ),
        migrations.CreateModel(
            name='ReportingCurrency',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace',), name='reporting_currency_once')],
            },
        ),
    ]
