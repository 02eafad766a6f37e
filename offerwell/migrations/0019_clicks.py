"""Clicks, their counts per day and the keys of their hashes; hosts of links; what an offer's links do."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0018_portal'),
    ]

    operations = [
        migrations.CreateModel(
            name='ClickMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('counted_to', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='offer',
            name='dead_link',
            field=models.CharField(db_default='shop', default='shop', max_length=8),
        ),
        migrations.AddField(
            model_name='offer',
            name='dead_link_to',
            field=models.CharField(blank=True, db_default='', default='', max_length=2000),
        ),
        migrations.AddField(
            model_name='offer',
            name='deep_links',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='offer',
            name='extra_domains',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='workspace',
            name='unknown_link_to',
            field=models.CharField(blank=True, db_default='', default='', max_length=2000),
        ),
        migrations.AddField(
            model_name='workspace',
            name='uses_click_cookie',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name='LinkHost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(max_length=253, unique=True)),
                ('created_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Click',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('link_id', models.BigIntegerField()),
                ('offer_id', models.BigIntegerField()),
                ('member_id', models.BigIntegerField()),
                ('key', models.UUIDField(unique=True)),
                ('at', models.DateTimeField()),
                ('day', models.DateField()),
                ('outcome', models.CharField(choices=[('click', 'Click'), ('deactivated', 'Deactivated'), ('paused', 'Paused'), ('expired', 'Expired'), ('scheduled', 'Scheduled')], max_length=12)),
                ('visitor', models.CharField(max_length=24)),
                ('origin', models.CharField(max_length=24)),
                ('bot', models.CharField(blank=True, max_length=10)),
                ('workspace', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['link_id', 'day', 'visitor'], name='click_by_visitor')],
            },
        ),
        migrations.CreateModel(
            name='ClickDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('offer_id', models.BigIntegerField()),
                ('member_id', models.BigIntegerField()),
                ('day', models.DateField()),
                ('clicks', models.PositiveBigIntegerField(default=0)),
                ('uniques', models.PositiveBigIntegerField(default=0)),
                ('repeats', models.PositiveBigIntegerField(default=0)),
                ('bots', models.PositiveBigIntegerField(default=0)),
                ('rescued', models.PositiveBigIntegerField(default=0)),
                ('link', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='click_days', to='offerwell.saleslink')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['workspace', 'day'], name='click_day_by_day'), models.Index(fields=['offer_id', 'day', 'member_id'], name='click_day_by_offer')],
                'constraints': [models.UniqueConstraint(fields=('link', 'day'), name='click_day_once')],
            },
        ),
        migrations.CreateModel(
            name='ClickSalt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('salt', models.CharField(max_length=64)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'day'), name='click_salt_once')],
            },
        ),
    ]
