from tests.peers import install

install()
