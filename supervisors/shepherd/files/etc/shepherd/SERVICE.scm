(register-services
 (list
  (service
   '({{ service.name }})
   #:start (make-forkexec-constructor
            '({% for word in service.argv %}"{{ word }}" {% endfor %})
            {{ '#:log-file "/var/log/' ~ service.name ~ '.log"' if service.keep_output }})
   #:stop (make-kill-destructor)
   {% if contender.profile == "fast" %}
   #:respawn-delay 0
   #:respawn-limit '(1000000 . 1)
   {% endif %}
   #:respawn? #t)))

(start-service (lookup-service '{{ service.name }}))
