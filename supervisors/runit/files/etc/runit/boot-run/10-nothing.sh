{% if contender.pid1 %}
# A container finds its file systems mounted.
{% endif %}
