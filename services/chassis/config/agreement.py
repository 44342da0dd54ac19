"""Values that are right alone and wrong together."""

from pathlib import Path

from services.chassis.config.settings import Settings


def disagreements(settings: Settings) -> list[str]:
    """Return one sentence for each contradiction, with the way out."""
    found = []
    files, redis = settings.FileSettings, settings.RedisSettings
    if files.DriverName == "amazons3" and not files.AmazonS3Bucket:
        found.append(
            'FileSettings.AmazonS3Bucket is "", expected the bucket\'s name since FileSettings.DriverName is '
            '"amazons3".'
        )
    if files.DriverName == "nfs" and not Path(files.Directory).is_absolute():
        found.append(
            f'FileSettings.Directory is "{files.Directory}", expected an absolute path that every files '
            'instance shares since FileSettings.DriverName is "nfs".'
        )
    if redis.SentinelAddresses and redis.ClusterAddresses:
        found.append(
            "RedisSettings.SentinelAddresses and RedisSettings.ClusterAddresses are both set, expected one "
            "of them: Redis runs either under Sentinel or as a Cluster."
        )
    if redis.SentinelAddresses and not redis.SentinelMasterName:
        found.append(
            'RedisSettings.SentinelMasterName is "", expected the name under which the sentinels watch the primary.'
        )
    found += [
        f"RedisSettings.{key} is set and RedisSettings.SentinelAddresses is empty, expected the sentinels' addresses "
        "too, or neither: without them Sentinel is not asked."
        for key, value in (
            ("SentinelMasterName", redis.SentinelMasterName),
            ("SentinelPassword", redis.SentinelPassword.reveal()),
        )
        if value and not redis.SentinelAddresses
    ]
    if redis.ClusterAddresses and redis.RedisDB:
        found.append(f"RedisSettings.RedisDB is {redis.RedisDB}, expected 0: a Redis Cluster has one database.")
    return found
