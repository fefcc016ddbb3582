"""The walk of a day as a plain dlt pipeline: what `billwalk bench` compares run with.

Arguments: the platform's URL, the day. It reads accounts.csv, writes Parquet files below tables, and prints the rows.
"""

import csv
import sys

import dlt
from dlt.sources.helpers import requests

platform, day = sys.argv[1:]


@dlt.resource(name="bills", write_disposition="replace", max_table_nesting=0)
def bills():
    session = requests.Session()
    granted = session.post(
        platform + "/oauth/client_token/",
        json={"client_key": "bench", "client_secret": "bench", "grant_type": "client_credential"},
    )
    session.headers["access-token"] = granted.json()["data"]["access_token"]
    with open("accounts.csv", encoding="utf-8") as file:
        accounts = list(csv.DictReader(file))
    for account in accounts:
        query = {"bill_date": day, "size": "50", "cursor": "0"}
        query |= {name: id for name, id in account.items() if name != "name" and id}
        while True:
            page = session.get(platform + "/goodlife/v1/settle/bill/catering_query/", params=query).json()
            if page["extra"]["error_code"] != 0:
                raise RuntimeError(page["extra"])
            records = page["data"]["ledger_records"]
            for record in records:
                if "audit_number" in record:  # beyond 64 bits, which dlt refuses
                    record["audit_number"] = str(record["audit_number"])
            yield records
            if not page["data"]["has_more"]:
                break
            query["cursor"] = page["data"]["cursor"]


pipeline = dlt.pipeline("bench", destination=dlt.destinations.filesystem("tables"), dataset_name="lake", pipelines_dir="dlt")
pipeline.run(bills(), loader_file_format="parquet")
print(pipeline.last_trace.last_normalize_info.row_counts["bills"])
