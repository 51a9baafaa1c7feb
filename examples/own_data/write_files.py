import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
x, kind = rng.normal(size=(600, 8)), rng.choice(["red", "white"], 600)
x[kind == "red", 0] += 2
np.savez("wines.npz", x=x, y=kind)

city, owner = rng.choice(["Rome", "Oslo", ""], 500), rng.integers(0, 90, 500)
area = rng.normal(80, 20, 500)
area[::10] = np.nan
price = 3 * np.nan_to_num(area, nan=80) + 90 * (city == "Oslo") + rng.normal(0, 5, 500)
pd.DataFrame({"area": area, "city": city, "owner": owner, "price": price}).to_csv("flats.csv", index=False)
