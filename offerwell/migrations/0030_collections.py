"""Collections of stores that payout rules are about, and their products as they were read."""

import django.db.models.deletion
from django.db import migrations, models


TABLE = 'offerwell_collectionproducts'


def guard(_apps, editor):
    """Refuse UPDATE and DELETE of products that rules name."""
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
        ('offerwell', '0029_reports'),
    ]

    operations = [
        migrations.CreateModel(
            name='CollectionProducts',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(max_length=64)),
                ('title', models.CharField(max_length=255)),
                ('products', models.JSONField(default=list)),
                ('count', models.PositiveIntegerField()),
                ('read_at', models.DateTimeField()),
                ('store', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.store')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='StoreCollection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(max_length=64)),
                ('read_at', models.DateTimeField()),
                ('trouble', models.TextField(blank=True)),
                ('trouble_since', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(db_index=True)),
                ('newest', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.collectionproducts')),
                ('store', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='collections', to='offerwell.store')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('store', 'ref'), name='store_collection_once')],
            },
        ),
        migrations.RunPython(guard, elidable=False),
    ]
