"""Leads, lists, segments, imports and the suppression list over the API (../shared/API.md), a file each."""

from ninja import Router

from leads.api.imports import router as imports
from leads.api.leads import router as leads
from leads.api.lists import router as lists
from leads.api.notes import router as notes
from leads.api.segments import router as segments
from leads.api.suppressions import router as suppressions

router = Router()
router.add_router("", leads)
router.add_router("", notes)
router.add_router("", lists)
router.add_router("", imports)
router.add_router("", segments)
router.add_router("", suppressions)
