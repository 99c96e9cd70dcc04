from invoke import task
@task
def t(c):
    print(1)
