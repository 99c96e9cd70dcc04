God.watch do |w|
  w.name = "{{ service.name }}"
  w.group = "services"
  w.start = "{{ service.command }}"
  w.pid_file = "{{ service.pidfile }}"
  w.behavior(:clean_pid_file)
  w.keepalive
end
