{% if contender.pid1 %}
# The file systems of a container are mounted already.
{% endif %}
