"""Another author's client, `tesla_powerwall` from PyPI, believes the fake."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from powerwall_fake_gateway import FakeGateway, LoginLimit, SteppedClock

pytest.importorskip("tesla_powerwall", reason="tesla_powerwall is not installed")
from tesla_powerwall.const import DeviceType, GridState, GridStatus, MeterType, OperationMode, Roles
from tesla_powerwall.error import AccessDeniedError, ApiError, PowerwallUnreachableError
from tesla_powerwall.powerwall import Powerwall

Answer = TypeVar("Answer")
MODERN = (
    "gw2-split-23.28",
    "gw2-plus-23.28",
    "gw2-split-21.39",
    "gw2-split-21.44",
    "gw2-three-phase-23.12",
    "gw2-split-23.44",
    "gw2-no-solar-24.12",
    "gw2-disabled-pack-23.28",
    "gw2-ten-packs-24.44",
    "gw2-single-24.44",
    "gw1-split-24.36",
)


def fake(firmware: str) -> FakeGateway:
    return FakeGateway(clock=SteppedClock(datetime(2026, 6, 21, 19, tzinfo=UTC)), firmware=firmware)


def with_client(gateway: FakeGateway, use: Callable[[Powerwall], Awaitable[Answer]], login: bool = True) -> Answer:
    """Let a client do something, logged in or not."""

    async def run() -> Answer:
        async with Powerwall(gateway.address, timeout=5) as client:
            if login:
                await client.login("password")
            return await use(client)

    return asyncio.run(run())


@pytest.mark.parametrize("firmware", MODERN)
def test_it_logs_in_and_reads_everything(firmware: str) -> None:
    async def read(client: Powerwall) -> None:
        assert client.is_authenticated()
        truth = gateway.truth()
        meters = await client.get_meters()
        for kind in (MeterType.SITE, MeterType.BATTERY, MeterType.LOAD):
            meter = meters.get_meter(kind)
            assert meter is not None
            assert meter.instant_power == getattr(truth, kind.value).power_watts
        assert (meters.get_meter(MeterType.SOLAR) is None) == (firmware == "gw2-no-solar-24.12")
        assert await client.get_charge() == pytest.approx(100 * truth.charge_ratio, abs=0.01)
        assert await client.get_capacity() == round(truth.full_watt_hours)
        assert await client.get_grid_status() is GridStatus.CONNECTED
        assert await client.is_grid_services_active() is False
        batteries = await client.get_batteries()
        assert [battery.p_out for battery in batteries] == [
            pack.power_watts if pack.enabled else None for pack in truth.packs
        ]
        assert (await client.get_site_info()).timezone == str(gateway.zone)
        status = await client.get_status()
        assert status.version.startswith(firmware.rsplit("-", 1)[1])
        assert status.up_time_seconds > timedelta(days=1)
        assert (await client.get_sitemaster()).is_running
        assert await client.get_operation_mode() is OperationMode.SELF_CONSUMPTION
        assert await client.get_backup_reserve_percentage() == 24
        assert len(await client.get_serial_numbers()) == len(truth.packs)
        assert await client.get_gateway_din() == await client.get_vin()
        await client.get_solars()

    with fake(firmware) as gateway:
        with_client(gateway, read)
        assert gateway.forbidden_calls == []
        assert gateway.logins == 1


def test_it_knows_its_role_and_its_device() -> None:
    async def read(client: Powerwall) -> None:
        login = await client.login("password")
        assert login.roles == [Roles.HOME_OWNER]
        assert await client.get_device_type() is DeviceType("teg")

    with fake("gw2-split-23.28") as gateway:
        with_client(gateway, read, login=False)


def test_it_sees_the_phases_of_the_meters() -> None:
    async def read(client: Powerwall) -> None:
        site, solar = (await client.get_meter_site()).readings, (await client.get_meter_solar()).readings
        assert (site.real_power_a or 0) + (site.real_power_b or 0) == site.instant_power
        assert solar.instant_power == gateway.truth().solar.power_watts

    with fake("gw2-split-23.28") as gateway:
        with_client(gateway, read)


def test_it_sees_a_disabled_pack() -> None:
    async def read(client: Powerwall) -> None:
        last = (await client.get_batteries())[-1]
        assert (last.grid_state, last.v_out, last.energy_charged) == (GridState.DISABLED, None, None)

    with fake("gw2-disabled-pack-23.28") as gateway:
        with_client(gateway, read)


def test_it_sees_an_outage() -> None:
    async def read(client: Powerwall) -> None:
        assert await client.get_grid_status() is GridStatus.ISLANDED
        site = (await client.get_meters()).get_meter(MeterType.SITE)
        assert site is not None
        assert site.instant_power == 0
        assert {battery.grid_state for battery in await client.get_batteries()} == {GridState.UNCOMPLIANT}

    with fake("gw2-split-23.28") as gateway:
        gateway.set_house(grid=False)
        gateway.step(60)
        with_client(gateway, read)


def test_it_is_refused_with_the_words_of_a_gateway() -> None:
    async def wrong(client: Powerwall) -> None:
        with pytest.raises(AccessDeniedError, match="bad credentials"):
            await client.login("wrong")
        with pytest.raises(AccessDeniedError, match="adequate access rights"):
            await client.get_charge()
        with pytest.raises(ApiError, match="429"):
            await client.login("password")

    limit = LoginLimit(attempts=1)
    with FakeGateway(login_limit=limit) as gateway:
        with_client(gateway, wrong, login=False)


def test_it_sees_a_stopped_controller_and_a_dead_gateway() -> None:
    async def stopped(client: Powerwall) -> None:
        with pytest.raises(ApiError, match="502"):
            await client.get_charge()
        assert not (await client.get_sitemaster()).is_running
        gateway.reboot(slowly=True)
        with pytest.raises(PowerwallUnreachableError):
            await client.get_status()

    with fake("gw2-stopped-23.28") as gateway:
        with_client(gateway, stopped)


def test_it_logs_out() -> None:
    async def leave(client: Powerwall) -> None:
        await client.logout()
        with pytest.raises(AccessDeniedError):
            await client.get_charge()

    with fake("gw2-split-23.28") as gateway:
        with_client(gateway, leave)
