"""Projects: stages, members in them, offers connected to them; selections that wait for their offer."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0012_create_until'),
    ]

    operations = [
        migrations.AddField(
            model_name='storedselection',
            name='origin',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AlterField(
            model_name='storedselection',
            name='offer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='offerwell.offer'),
        ),
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('name_key', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True)),
                ('status', models.CharField(choices=[('active', 'Active'), ('archived', 'Archived')], default='active', max_length=10)),
                ('created_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='ProjectOffer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connected_at', models.DateTimeField()),
                ('connected_by', models.CharField(max_length=160)),
                ('disconnected_at', models.DateTimeField(blank=True, null=True)),
                ('disconnected_by', models.CharField(blank=True, max_length=160)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='project_links', to='offerwell.offer')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offer_links', to='offerwell.project')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Stage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('kind', models.CharField(choices=[('welcome', 'Welcome'), ('brief', 'Brief'), ('product', 'Product'), ('content', 'Content'), ('payment', 'Payment'), ('promo_code', 'Promo Code'), ('sales_link', 'Sales Link'), ('both', 'Sales Link + Promo Code'), ('custom', 'Custom'), ('completed', 'Completed')], max_length=24)),
                ('position', models.PositiveIntegerField()),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stages', to='offerwell.project')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Placement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name_key', models.CharField(blank=True, max_length=600)),
                ('added_at', models.DateTimeField()),
                ('entered_at', models.DateTimeField()),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='placements', to='offerwell.member')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
                ('project', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='placements', to='offerwell.project')),
                ('stage', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='placements', to='offerwell.stage')),
            ],
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.UniqueConstraint(fields=('workspace', 'name_key'), name='project_name_once'),
        ),
        migrations.AddConstraint(
            model_name='projectoffer',
            constraint=models.UniqueConstraint(condition=models.Q(('disconnected_at', None)), fields=('project', 'offer'), name='project_offer_connected_once'),
        ),
        migrations.AddIndex(
            model_name='stage',
            index=models.Index(fields=['project', 'position'], name='stage_in_order'),
        ),
        migrations.AddIndex(
            model_name='placement',
            index=models.Index(fields=['stage', 'name_key', 'id'], name='placement_by_name'),
        ),
        migrations.AddConstraint(
            model_name='placement',
            constraint=models.UniqueConstraint(fields=('project', 'member'), name='placement_once'),
        ),
    ]
