"""AWS as botocore models it: every call must be expected, and its request and answer must fit the model."""

import boto3
from botocore.stub import Stubber

from infra.operations.account import Account
from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION


class StubbedAccount(Account):
    """An account whose clients give the answers that a test expects, in that order."""

    def __init__(self) -> None:
        self.number, self.region = EXAMPLE_ACCOUNT, EXAMPLE_REGION
        self._clients, self._stubs = {}, {}

    def client(self, service):
        if service not in self._clients:
            client = boto3.client(
                service, region_name=self.region, aws_access_key_id="test", aws_secret_access_key="test"
            )
            self._clients[service], self._stubs[service] = client, Stubber(client)
            self._stubs[service].activate()
        return self._clients[service]

    def expect(self, service, operation, answer, request=None):
        self.client(service)
        self._stubs[service].add_response(operation, answer, request)

    def refuse(self, service, operation, code, message=""):
        self.client(service)
        self._stubs[service].add_client_error(operation, code, message)

    def check_all_were_called(self):
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()
