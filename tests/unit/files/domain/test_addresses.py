"""Where strangers' links may lead. Whatever is not surely public is not."""

import pytest

from services.files.domain.addresses import Reach, is_public


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.1", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.8.9.10",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
        "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1",
        "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378::1", "2001:10::1", "2001:db8::1",
        "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0",
        "fec0::1", "ff02::1",
        "", "example.com", "127.1", "0x7f000001", "2130706433", "1.1.1.1/8",
    ],
)  # fmt: skip
def test_what_is_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255",
        "128.0.0.1", "169.253.1.1", "172.15.255.255", "172.32.0.1", "192.167.1.1", "198.17.1.1", "198.20.0.1",
        "223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "2a00:1450::1",
    ],
)  # fmt: skip
def test_what_is_outside_is_public(address: str) -> None:
    assert is_public(address)


def test_the_operator_names_hosts_addresses_and_networks() -> None:
    reach = Reach.of("wiki.internal, 10.1.0.0/16 192.168.7.7\tfd00::/8")
    assert reach.allows("WIKI.internal", "10.9.9.9")
    assert reach.allows("anything", "10.1.255.1")
    assert reach.allows("anything", "192.168.7.7")
    assert reach.allows("anything", "fd12::1")
    assert reach.allows("anything", "8.8.8.8")
    assert not reach.allows("evil.wiki.internal", "10.9.9.9")
    assert not reach.allows("anything", "10.2.0.1")
    assert not reach.allows("anything", "192.168.7.8")
    assert not reach.allows("anything", "::ffff:10.1.0.1")
    assert not reach.allows("anything", "nothing")


def test_nothing_inside_is_allowed_unless_it_is_named() -> None:
    assert not Reach.of("").allows("localhost", "127.0.0.1")
    assert Reach.of("localhost").allows("localhost", "127.0.0.1")
    assert not Reach.of("localhost").allows("localhost.example.com", "127.0.0.1")


def test_this_machines_own_addresses_must_be_named_even_when_they_are_public() -> None:
    assert not Reach.of("").allows("chat.example.com", "8.8.8.8", own=True)
    assert Reach.of("8.8.8.0/24").allows("chat.example.com", "8.8.8.8", own=True)
    assert Reach.of("chat.example.com").allows("chat.example.com", "8.8.8.8", own=True)
