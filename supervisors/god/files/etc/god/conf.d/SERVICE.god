God.watch do |w|
  w.name = "{{ service.name }}"
  w.group = "services"
  w.start = "{{ service.command }}"
  w.pid_file = "{{ service.pidfile }}"
  w.behavior(:clean_pid_file)
  w.keepalive
{% if service.watchdog %}
  w.restart_if do |restart|
    restart.condition(:file_mtime) do |c|
      c.interval = 5.seconds
      c.path = "{{ service.heartbeat_file }}"
      c.max_age = 2.seconds
    end
  end
{% endif %}
end
