{% if contender.profile == "default" %}
# An entrypoint as many images have it: it prepares something, and runs the program.
umask 022
{{ services[0].command }}
{% endif %}
