"""How a database says that it is away, whichever of the two errors the driver has for it."""

from django.db import InterfaceError, OperationalError

# A connection that breaks is an OperationalError; one that is found closed is, to psycopg, an InterfaceError, which is
# no DatabaseError. Who means every error of a database catches `django.db.Error`.
AWAY = (OperationalError, InterfaceError)
